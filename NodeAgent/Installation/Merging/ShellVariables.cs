namespace RegistryProxy.NodeAgent.Installation.Merging;

/// <summary>Flags in a file of shell variables that a unit reads, such as <c>/etc/default/kubelet</c>.</summary>
internal static class ShellVariables
{
    /// <summary>Adds a flag to a variable. A variable that is not there is added where <paramref name="create"/> says so.</summary>
    /// <exception cref="InstallRefusal">The flag is there with another value, or there is no such variable.</exception>
    public static Merged AddFlag(string text, string file, string variable, string flag, string value, bool create)
    {
        var lines = text.Split('\n');
        var index = Array.FindIndex(lines, line => line.StartsWith($"{variable}=", StringComparison.Ordinal));
        if (index < 0)
        {
            var line = $"{variable}=\"{flag}={value}\"\n";
            return create
                ? new Merged(text.Length == 0 || text.EndsWith('\n') ? text + line : $"{text}\n{line}", line)
                : throw new InstallRefusal($"{file} has no {variable}: this node's kubelet does not take its flags from there");
        }

        if (FindFlag(lines[index], flag) is { } known)
        {
            return known == value ? new Merged(text, null) : throw new InstallRefusal($"{file} sets {flag} to {known} already");
        }

        var end = lines[index].TrimEnd().EndsWith('"') || lines[index].TrimEnd().EndsWith('\'') ? lines[index].TrimEnd().Length - 1 : lines[index].Length;
        var inserted = $" {flag}={value}";
        lines[index] = lines[index].Insert(end, inserted);
        return new Merged(string.Join('\n', lines), inserted);
    }

    /// <summary>The value of a flag in a text; <c>null</c> when it is not there.</summary>
    public static string? FindFlag(string text, string flag)
    {
        var at = text.IndexOf($"{flag}=", StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        var rest = text[(at + flag.Length + 1)..];
        var end = rest.AsSpan().IndexOfAny(" \t\n\"'");
        return end < 0 ? rest : rest[..end];
    }
}
