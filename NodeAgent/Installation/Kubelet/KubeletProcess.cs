using System.Globalization;
using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Installation.Files;

namespace RegistryProxy.NodeAgent.Installation.Kubelet;

/// <summary>
/// The kubelet that runs on the node now, by the node's <c>/proc</c>. Containers may run others, as kind does: those have namespaces of
/// their own. Of several in the node's own the one of kubelet's unit counts.
/// </summary>
internal static class KubeletProcess
{
    private const string Suffix = ".service";
    private const string KubeletUnit = $"/kubelet{Suffix}";

    /// <summary>The words that it was started with; <c>null</c> when none runs.</summary>
    public static IReadOnlyList<string>? Words(HostFiles host) => Find(host)?.Words[1..];

    /// <summary>
    /// The unit that systemd runs it by, without <c>.service</c>; <c>null</c> when none runs, or it is of no unit.
    /// </summary>
    public static string? Unit(HostFiles host) => Find(host) is { } found
        ? Text(found.Folder, "cgroup")?.Split('\n', '/').Select(part => part.Trim())
            .LastOrDefault(part => part.EndsWith(Suffix, StringComparison.Ordinal))?[..^Suffix.Length]
        : null;

    private static (string Folder, string[] Words)? Find(HostFiles host)
    {
        var processes = Path.Join(host.Root, "proc");
        if (!Directory.Exists(processes))
        {
            return null;
        }

        var first = Namespace(Path.Combine(processes, "1"));
        return Directory.EnumerateDirectories(processes)
            .Where(folder => int.TryParse(Path.GetFileName(folder), out _) && Text(folder, "comm")?.Trim() == "kubelet")
            .Where(folder => first is null || Namespace(folder) is not { } own || own == first)
            .OrderBy(folder => IsOfUnit(folder) ? 0 : 1).ThenBy(folder => int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture))
            .Select(folder => (folder, Text(folder, "cmdline")?.Split('\0', StringSplitOptions.RemoveEmptyEntries) ?? []))
            .Cast<(string Folder, string[] Words)?>().FirstOrDefault(found => found!.Value.Words.Length > 0);
    }

    /// <summary>The process namespace, such as <c>pid:[4026531836]</c>; <c>null</c> when it cannot be seen.</summary>
    private static string? Namespace(string process)
    {
        try
        {
            return new FileInfo(Path.Combine(process, "ns", "pid")).LinkTarget;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether systemd runs it as kubelet's unit, by its control group.</summary>
    private static bool IsOfUnit(string process) => Text(process, "cgroup")?.Split('\n').Any(
        line => line.EndsWith(KubeletUnit, StringComparison.Ordinal) || line.Contains($"{KubeletUnit}/", StringComparison.Ordinal)) == true;

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
