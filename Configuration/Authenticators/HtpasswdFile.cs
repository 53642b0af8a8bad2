using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace RegistryProxy.Configuration.Authenticators;

/// <summary>The users of an Apache password file. Only bcrypt is taken; other schemes are too weak to guard a registry.</summary>
public sealed partial class HtpasswdFile
{
    /// <summary>The largest file, in bytes.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    private HtpasswdFile(FrozenDictionary<string, string> hashes) => Hashes = hashes;

    /// <summary>From user to bcrypt hash.</summary>
    public IReadOnlyDictionary<string, string> Hashes { get; }

    /// <summary>No users.</summary>
    public static HtpasswdFile Empty { get; } = new(FrozenDictionary<string, string>.Empty);

    /// <summary>Reads a file. On failure <paramref name="problems"/> names each line that is wrong, never its hash.</summary>
    public static bool TryRead(string path, out HtpasswdFile file, out IReadOnlyList<string> problems)
    {
        List<string> found = [];
        problems = found;
        file = Empty;
        try
        {
            if (new FileInfo(path) is { Length: > MaxBytes })
            {
                found.Add($"{path} is larger than {MaxBytes} bytes");
                return false;
            }

            Dictionary<string, string> hashes = [];
            var number = 0;
            foreach (var line in File.ReadLines(path))
            {
                number++;
                if (line.Length > 0 && line[0] != '#' && ReadLine(line, hashes) is { } problem)
                {
                    found.Add($"{path}:{number}: {problem}");
                }
            }

            file = new HtpasswdFile(hashes.ToFrozenDictionary());
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            found.Add($"{path} cannot be read: {fault.Message}");
        }

        return found.Count == 0;
    }

    private static string? ReadLine(string line, Dictionary<string, string> hashes)
    {
        var colon = line.IndexOf(':');
        if (colon <= 0)
        {
            return "must be user:hash";
        }

        var user = line[..colon];
        if (user[0] == '_' || user == "<token>" || user.Any(char.IsControl))
        {
            return $"the user name '{user}' is reserved: names may not begin with '_'";
        }

        if (!Bcrypt().IsMatch(line.AsSpan(colon + 1).TrimEnd()))
        {
            return $"the hash of '{user}' is not bcrypt; make it with htpasswd -B";
        }

        return hashes.TryAdd(user, line[(colon + 1)..].TrimEnd()) ? null : $"the user '{user}' occurs twice";
    }

    [GeneratedRegex(@"^\$2[aby]\$(0[4-9]|1[0-9])\$[./A-Za-z0-9]{53}$")]
    private static partial Regex Bcrypt();
}
