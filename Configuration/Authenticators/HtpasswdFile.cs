using System.Buffers;
using System.Collections.Frozen;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Authenticators;

/// <summary>The users of an Apache password file. Only bcrypt is taken; other schemes are too weak to guard a registry.</summary>
public sealed class HtpasswdFile
{
    /// <summary>The largest file, in bytes.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    /// <summary>How many wrong lines of one file are told at once.</summary>
    public const int MaxProblems = 20;

    private static readonly SearchValues<char> Radix64 =
        SearchValues.Create("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private HtpasswdFile(FrozenDictionary<string, string> hashes) => Hashes = hashes;

    /// <summary>From user to bcrypt hash.</summary>
    public IReadOnlyDictionary<string, string> Hashes { get; }

    /// <summary>The highest bcrypt cost in a file that a tenant writes.</summary>
    public const int MaxCostOfTenant = 12;

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
            var isOfTenant = path.Contains(BoundedFile.Confinement, StringComparison.Ordinal);
            file = Parse(BoundedFile.ReadText(path, MaxBytes), path, isOfTenant, found);
        }
        catch (IOException fault)
        {
            found.Add(fault.Message);
        }

        return found.Count == 0;
    }

    /// <summary>Reads the lines that a tenant gives in the place of a file.</summary>
    public static bool TryParse(Secret lines, out HtpasswdFile file, out IReadOnlyList<string> problems)
    {
        List<string> found = [];
        problems = found;
        file = Parse(lines.Reveal(), "value", isOfTenant: true, found);
        return found.Count == 0;
    }

    private static HtpasswdFile Parse(string text, string name, bool isOfTenant, List<string> found)
    {
        Dictionary<string, string> hashes = [];
        var number = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            number++;
            if (found.Count < MaxProblems && line.Length > 0 && line[0] != '#'
                && (ReadLine(line.ToString(), hashes) ?? (isOfTenant ? TooDear(line) : null)) is { } problem)
            {
                found.Add($"{name}:{number}: {problem}");
            }
        }

        if (hashes.Count == 0 && found.Count == 0)
        {
            found.Add($"{name} holds no users");
        }

        return new HtpasswdFile(hashes.ToFrozenDictionary());
    }

    /// <summary>Whoever logs in anywhere waits for the same processors.</summary>
    private static string? TooDear(ReadOnlySpan<char> line) =>
        int.TryParse(line[(line.LastIndexOf(':') + 1)..].Slice(4, 2), out var cost) && cost > MaxCostOfTenant
            ? $"the hash has the cost {cost}; a tenant's own may have {MaxCostOfTenant} at most" : null;

    private static string? ReadLine(string line, Dictionary<string, string> hashes)
    {
        var colon = line.IndexOf(':');
        if (colon <= 0)
        {
            return "must be user:hash";
        }

        var user = line[..colon];
        if (user[0] == '_' || user == "<token>" || user.StartsWith("robot$", StringComparison.Ordinal) || user.Any(char.IsControl))
        {
            return $"the user name '{Shown(user)}' is reserved: names may not begin with '_' or 'robot$'";
        }

        if (!IsBcrypt(line.AsSpan(colon + 1).TrimEnd()))
        {
            return $"the hash of '{Shown(user)}' is not bcrypt; make it with htpasswd -B";
        }

        return hashes.TryAdd(user, line[(colon + 1)..].TrimEnd()) ? null : $"the user '{Shown(user)}' occurs twice";
    }

    private static string Shown(string user) => user.Length <= 64 ? user : $"{user[..64]}…";

    /// <summary>
    /// Whether it is $2a$, $2b$ or $2y$, a cost from 04 to 19, $, and 53 characters of salt and hash. By hand: a regular expression that is
    /// linear takes longer to make than all else about a file.
    /// </summary>
    private static bool IsBcrypt(ReadOnlySpan<char> hash) =>
        hash is ['$', '2', 'a' or 'b' or 'y', '$', '0' or '1', _, '$', .. { Length: 53 } rest]
            && (hash[4] == '0' ? hash[5] is >= '4' and <= '9' : char.IsAsciiDigit(hash[5]))
            && !rest.ContainsAnyExcept(Radix64);
}
