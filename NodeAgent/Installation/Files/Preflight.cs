using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Files;

/// <summary>Whether everything that is to be written can be, asked before anything is.</summary>
internal static class Preflight
{
    /// <exception cref="InstallRefusal">Something cannot be written, and why.</exception>
    public static void Check(HostFiles host, IEnumerable<string> paths)
    {
        var reasons = paths.Distinct().Select(path => Reason(host, path)).OfType<string>().ToList();
        if (reasons.Count > 0)
        {
            throw new InstallRefusal(string.Join('\n', reasons));
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

    private static string? Reason(HostFiles host, string path)
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
            : File.Exists(place) && !FileStatus.IsWritable(place)
                ? $"{path} cannot be written: it is immutable or on a read-only file system (lsattr, findmnt)"
            : File.Exists(place) && FileStatus.IsMountPoint(place) ? $"{path} cannot be replaced: something is mounted on it (findmnt)"
            : null;
    }
}
