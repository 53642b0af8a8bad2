using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Documents;

/// <summary>The files that a documented configuration names, each with what its name promises, in a folder of the test.</summary>
internal static partial class NamedFiles
{
    private const string User = "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n";

    /// <summary>A configuration of Docker and a key set (the key of RFC 7517, appendix A.1) at once.</summary>
    private const string Json = """
        {
          "auths": {},
          "keys": [ { "kty": "EC", "crv": "P-256", "kid": "1", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" } ]
        }
        """;

    /// <summary>32 characters, so that it is an encryption key as well.</summary>
    private const string Secret = "canary-canary-canary-canary-1234";

    /// <summary>Writes them; returns the text, whose absolute paths lead into the folder.</summary>
    /// <param name="folder">Where the configuration is.</param>
    /// <param name="text">The configuration, or a part of it.</param>
    /// <param name="below">The folder in <paramref name="folder"/> at which relative paths begin.</param>
    public static string Provide(TemporaryFolder folder, string text, string below = "")
    {
        var moved = Elsewhere().Replace(text, folder.Path + "/");
        using var authority = TestCertificates.ForLocalhost("documented");
        var (certificate, key) = authority.Pem();
        foreach (var name in Named().Matches(moved).Select(match => match.Groups[1].Value.Trim('"')).Distinct())
        {
            var path = Path.Combine(folder.Path, below, name);
            if (name.EndsWith('/'))
            {
                Directory.CreateDirectory(path);
                File.WriteAllText(Path.Combine(path, "one.pem"), certificate);
                continue;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, Path.GetExtension(name) switch
            {
                ".crt" or ".pem" => certificate,
                ".key" => key,
                ".json" => Json,
                _ => Users().IsMatch(name) ? User : Secret,
            });
        }

        return moved;
    }

    [GeneratedRegex("(htpasswd|users)$")]
    private static partial Regex Users();

    [GeneratedRegex(@"(?<=[ ""])(/run/secrets/|/etc/registryproxy/)")]
    private static partial Regex Elsewhere();

    [GeneratedRegex(
        @"\b(?:file|keyFile|ca|certificate|certificates|roots|key|webIdentityTokenFile|federatedTokenFile): (""[^""]+""|[^\s,{}""]+)")]
    private static partial Regex Named();
}
