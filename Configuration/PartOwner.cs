namespace RegistryProxy.Configuration;

/// <summary>
/// Whom the operator has given a tenant's name to, by its hosts and administrators. One who has neither a host nor an administrator in
/// common with another is somebody else, who has got a name that was in use before.
/// </summary>
/// <param name="Hosts">The hosts, as in the configuration.</param>
/// <param name="Administrators">The entries of <c>administrators</c>.</param>
public sealed record PartOwner(IReadOnlyList<string> Hosts, IReadOnlyList<string> Administrators)
{
    /// <summary>Of a tenant as its operator describes it now.</summary>
    public static PartOwner Of(TenantConfiguration tenant) =>
        new(tenant.Hosts, [.. tenant.Administrators.Select(subject => subject.ToString())]);

    /// <summary>
    /// Whether a later one may be the same, though something has changed. Who had any host had those of the later one, too.
    /// </summary>
    public bool MayBe(PartOwner other) =>
        Hosts.Contains("*") || Hosts.Intersect(other.Hosts).Any() || Administrators.Intersect(other.Administrators).Any();

    /// <summary>Whether nothing of it has changed.</summary>
    public bool Equals(PartOwner? other) => other is not null
        && Hosts.SequenceEqual(other.Hosts) && Administrators.SequenceEqual(other.Administrators);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Hosts.Count, Administrators.Count);
}
