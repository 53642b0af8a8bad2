using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Platforms;

/// <summary>The unit that runs kubelet.</summary>
internal static class KubeletUnit
{
    /// <summary>Where kubelet is a program of its own.</summary>
    public const string Own = "kubelet";

    /// <summary>
    /// The units that run a kubelet within themselves. Packages leave several of them, of which one runs: those of RKE2 end each other.
    /// </summary>
    public static readonly string[] OfRancher = ["k3s-agent", "k3s", "rke2-agent", "rke2-server"];

    private static readonly string[] Folders =
        ["/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

    /// <summary>Everything that says with which command, and which variables, systemd starts k3s or RKE2.</summary>
    public static IEnumerable<string> FilesOfRancher(HostFiles host) => OfRancher.SelectMany(unit => Folders
        .SelectMany(folder => host.List(folder, $"{unit}.service*").Concat(host.List($"{folder}/{unit}.service.d", "*.conf"))
            .Append($"{folder}/{unit}.env"))
        .Concat([$"/etc/default/{unit}", $"/etc/sysconfig/{unit}"]));

    /// <summary>Whether k3s or RKE2 is on a node.</summary>
    public static bool IsOfRancher(HostFiles host) => OfRancher.Any(unit => IsThere(host, unit));

    /// <summary>The one that runs, which is the one to restart.</summary>
    /// <param name="platform">The kind of node.</param>
    /// <param name="host">Its files.</param>
    /// <param name="isStarted">Whether a unit runs, or is on its way to.</param>
    /// <exception cref="InstallRefusal">None runs, or several do.</exception>
    public static async Task<string> Running(Platform platform, HostFiles host, Func<string, Task<bool>> isStarted)
    {
        if (!platform.HasKubeletWithin)
        {
            return Own;
        }

        List<string> there = [.. OfRancher.Where(unit => IsThere(host, unit))], running = [];
        foreach (var unit in there)
        {
            if (await isStarted(unit))
            {
                running.Add(unit);
            }
        }

        return running switch
        {
            [var unit] => unit,
            [] when there.Count == 0 => throw new InstallRefusal(
                $"this node has no unit of k3s or RKE2 ({string.Join(", ", OfRancher)}): is --platform right for it?"),
            [] => throw new InstallRefusal(
                $"none of the units that run a kubelet is active on this node ({string.Join(", ", there)}): start the one that is this "
                    + "node's and run this again, or use --files-only"),
            _ => throw new InstallRefusal(
                $"{string.Join(" and ", running)} are active on this node, and one of them is to be restarted: stop those that are not "
                    + "this node's"),
        };
    }

    private static bool IsThere(HostFiles host, string unit) => Folders.Any(folder => host.Exists($"{folder}/{unit}.service"));
}
