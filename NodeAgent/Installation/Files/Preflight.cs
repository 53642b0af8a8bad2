using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Files;

/// <summary>Whether everything that is to be written can be, asked before anything is.</summary>
internal static class Preflight
{
    /// <param name="host">The node.</param>
    /// <param name="paths">What is to be written.</param>
    /// <param name="isFixed">Whether nothing there may be replaced or removed; <c>null</c> for what the file system says.</param>
    /// <exception cref="InstallRefusal">Something cannot be written, and why.</exception>
    public static void Check(HostFiles host, IEnumerable<string> paths, Func<string, bool>? isFixed = null)
    {
        var reasons = paths.Distinct().Select(path => Reason(host, path, isFixed ?? FileStatus.IsFixed)).OfType<string>().ToList();
        if (reasons.Count > 0)
        {
            throw new InstallRefusal(string.Join('\n', reasons));
        }
    }

    /// <summary>Whether programs that systemd or kubelet will run as root are root's own.</summary>
    /// <exception cref="InstallRefusal">Somebody else could put another one in its place.</exception>
    public static void CheckOwners(HostFiles host, IEnumerable<string> programs)
    {
        foreach (var program in programs)
        {
            for (var folder = Above(host.At(program)); folder.Length > host.Root.Length; folder = Path.GetDirectoryName(folder)!)
            {
                if (FileStatus.IsOfOthers(folder))
                {
                    throw new InstallRefusal(
                        $"{program} would be run by root, and somebody else could replace it: {folder} is not root's, or others may write "
                            + "there (stat, chown, chmod); is --platform right for this node?");
                }
            }
        }
    }

    /// <exception cref="InstallRefusal">A program could be written and not be run.</exception>
    public static void CheckPrograms(HostFiles host, IEnumerable<string> programs)
    {
        if (programs.FirstOrDefault(program => MountTable.IsWithoutPrograms(Above(host.At(program)))) is { } path)
        {
            throw new InstallRefusal(
                $"{path} could not be run: its file system is mounted with noexec (findmnt); is --platform right for this node?");
        }
    }

    /// <summary>The nearest thing above a place that is there.</summary>
    private static string Above(string place)
    {
        var folder = Path.GetDirectoryName(place)!;
        while (!Path.Exists(folder))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }

    /// <summary>What a path leads to that must never be replaced by a file; <c>null</c> for a file, or nothing.</summary>
    public static string? WhyNoFile(HostFiles host, string path) => host.At(path) is var place && File.Exists(place)
        && !FileStatus.IsRegular(place)
        ? $"{path} cannot be written: {place} is a device, a socket or a pipe (what is masked, or kept off the disk, is a link to "
            + "/dev/null); put a file there, or take the link away"
        : null;

    private static string? Reason(HostFiles host, string path, Func<string, bool> isFixed)
    {
        var place = host.At(path);
        if (Directory.Exists(place))
        {
            return $"{path} is a folder where a file is meant; this program changes files alone: put a file there, or name one";
        }

        var folder = Above(place);
        return WhyNoFile(host, path) is { } other ? other
            : !Directory.Exists(folder) ? $"{path} cannot be made: {folder} is not a folder"
            : !FileStatus.IsWritable(folder) ? $"{path} cannot be written: {folder} is immutable or on a read-only file system"
            : isFixed(folder) ? $"{path} cannot be written: {folder} is immutable or append-only (lsattr, chattr)"
            : File.Exists(place) && !FileStatus.IsWritable(place)
                ? $"{path} cannot be written: it is immutable or on a read-only file system (lsattr, findmnt)"
            : File.Exists(place) && isFixed(place) ? $"{path} cannot be replaced: it is immutable or append-only (lsattr, chattr)"
            : File.Exists(place) && FileStatus.IsMountPoint(place) ? $"{path} cannot be replaced: something is mounted on it (findmnt)"
            : null;
    }
}
