using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Installation.Files;

namespace RegistryProxy.NodeAgent.Installation.Kubelet;

/// <summary>The kubelet that runs on the node now, by the node's <c>/proc</c>.</summary>
internal static class KubeletProcess
{
    /// <summary>The words that it was started with; <c>null</c> when none runs.</summary>
    public static IReadOnlyList<string>? Words(HostFiles host)
    {
        var processes = Path.Join(host.Root, "proc");
        if (!Directory.Exists(processes))
        {
            return null;
        }

        return Directory.EnumerateDirectories(processes).Where(folder => int.TryParse(Path.GetFileName(folder), out _))
            .Where(folder => Text(folder, "comm")?.Trim() == "kubelet")
            .Select(folder => Text(folder, "cmdline")?.Split('\0', StringSplitOptions.RemoveEmptyEntries))
                .FirstOrDefault(words => words?.Length > 0)?[1..];
    }

    /// <summary>A process may end while it is looked at.</summary>
    private static string? Text(string folder, string name)
    {
        try
        {
            return BoundedFile.ReadText(Path.Combine(folder, name));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
