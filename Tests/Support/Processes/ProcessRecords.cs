namespace RegistryProxy.Tests.Support.Processes;

/// <summary>What everybody on the machine, or its owner, can read of a process in <c>/proc</c>.</summary>
internal static class ProcessRecords
{
    private static readonly string[] Records = ["cmdline", "comm", "environ", "maps", "mountinfo", "net/unix"];

    /// <summary>The records of a process and of its threads.</summary>
    /// <param name="process">Its number.</param>
    /// <param name="hidden">The variables of its environment that are left out: those in which the user gave a secret.</param>
    public static string Of(int process, IEnumerable<string>? hidden = null)
    {
        var left = (hidden ?? []).Select(name => $"{name}=").ToList();
        var texts = Records.Select(record => File.ReadAllText($"/proc/{process}/{record}"))
            .Concat(Directory.EnumerateDirectories($"/proc/{process}/task").Select(thread => File.ReadAllText($"{thread}/comm")))
            .Concat(Directory.EnumerateFiles($"/proc/{process}/fd").Select(file => new FileInfo(file).LinkTarget ?? ""));
        return string.Join('\n',
            texts.SelectMany(text =>
                text.Split('\0').Chunk(1024).Select(words => string.Join(' ', words.Where(word => !left.Exists(word.StartsWith))))));
    }
}
