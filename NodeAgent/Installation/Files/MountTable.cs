using RegistryProxy.Files;

namespace RegistryProxy.NodeAgent.Installation.Files;

/// <summary>How file systems are mounted (proc_pid_mountinfo(5)).</summary>
internal static class MountTable
{
    private const string File = "/proc/self/mountinfo";
    private const int PointField = 4;
    private const int OptionsField = 5;

    /// <summary>Whether no program in a folder can be run: Container-Optimized OS has <c>/var</c> and <c>/home</c> so.</summary>
    public static bool IsWithoutPrograms(string folder) => IsWithoutPrograms(folder, BoundedFile.ReadText(File));

    /// <summary>The same by a table; of two mounts at one place the later one counts.</summary>
    internal static bool IsWithoutPrograms(string folder, string table)
    {
        var (length, found) = (0, false);
        foreach (var fields in table.Split('\n').Select(line => line.Split(' ')).Where(fields => fields.Length > OptionsField))
        {
            // Blanks in names are written as octal numbers.
            var point = fields[PointField].Replace("\\040", " ", StringComparison.Ordinal);
            if (point.Length >= length && (folder == point || folder.StartsWith(point.TrimEnd('/') + "/", StringComparison.Ordinal)))
            {
                (length, found) = (point.Length, fields[OptionsField].Split(',').Contains("noexec"));
            }
        }

        return found;
    }
}
