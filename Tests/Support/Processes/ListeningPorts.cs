namespace RegistryProxy.Tests.Support.Processes;

/// <summary>The ports on which a process listens, as the kernel has them.</summary>
internal static class ListeningPorts
{
    public static IEnumerable<int> Of(int pid)
    {
        var inodes = Directory.GetFiles($"/proc/{pid}/fd").Select(fd => new FileInfo(fd).LinkTarget ?? "")
            .Where(link => link.StartsWith("socket:[", StringComparison.Ordinal))
            .Select(link => link[8..^1]).ToHashSet();
        return new[] { "tcp", "tcp6" }.SelectMany(table => File.ReadLines($"/proc/{pid}/net/{table}").Skip(1))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[3] == "0A" && inodes.Contains(fields[9]))
            .Select(fields => Convert.ToInt32(fields[1].Split(':')[1], 16));
    }
}
