using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration;

/// <summary>Users of an Apache password file; bcrypt only.</summary>
public sealed record HtpasswdConfiguration : AuthenticatorConfiguration
{
    public override string Type => "htpasswd";

    public override bool TakesPasswords => true;

    public override IReadOnlyList<string> Files => Lines is null ? [File] : [];

    /// <summary>Absolute path; read again when it changes. Empty where <see cref="Lines"/> are given.</summary>
    public required string File { get; init; }

    /// <summary>What would be in the file, of a managed part, which has no files; <c>null</c> for a file.</summary>
    public Secret? Lines { get; init; }

    /// <summary>Reads the users. On failure <paramref name="problems"/> names each line that is wrong, never its hash.</summary>
    public bool TryRead(out HtpasswdFile users, out IReadOnlyList<string> problems) =>
        Lines is { } lines ? HtpasswdFile.TryParse(lines, out users, out problems) : HtpasswdFile.TryRead(File, out users, out problems);

    /// <summary>From group to its users.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Groups { get; init; } = new Dictionary<string, IReadOnlyList<string>>();
}
