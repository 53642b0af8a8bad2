namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary>The authenticators of a tenant, as rules name them.</summary>
internal sealed class TenantAuthenticators(IReadOnlyCollection<string> names, IEnumerable<AuthenticatorConfiguration> all)
{
    private readonly HashSet<string> _names = [.. names];
    private readonly AuthenticatorConfiguration[] _all = [.. all.Distinct()];
    private readonly AuthenticatorConfiguration[] _takingPasswords =
        [.. all.Distinct().Where(authenticator => authenticator.TakesPasswords)];

    public IReadOnlyCollection<string> Names => names;

    public bool Contains(string name) => _names.Contains(name);

    /// <summary>Whether all are known; of the others it has been said what is wrong with them.</summary>
    public bool AreKnown => _names.Count <= _all.Length;

    /// <summary>Those that can produce a subject of a kind.</summary>
    public IReadOnlyList<AuthenticatorConfiguration> Of(AccessSubjectKind kind) =>
        kind == AccessSubjectKind.Group ? _all : _takingPasswords;
}
