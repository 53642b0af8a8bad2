namespace RegistryProxy.Egress;

/// <summary>How connections for one upstream, issuer or service are opened. Equal settings share connections.</summary>
/// <param name="AllowPrivate">Whether loopback and private addresses may be dialled.</param>
public sealed record EgressSettings(bool AllowPrivate)
{
    /// <summary>Nothing but the addresses is out of the ordinary.</summary>
    public bool IsPlain => Tls is null;

    /// <summary>Authorities and a certificate of our own; <c>null</c> for none.</summary>
    public TlsMaterial? Tls { get; init; }

    /// <summary>The servers that the operator named; they alone see our certificate.</summary>
    public ConfiguredTargets Targets { get; init; } = ConfiguredTargets.None;

    /// <summary>Cheap: certificates are compared, not hashed.</summary>
    public override int GetHashCode() => HashCode.Combine(AllowPrivate, Targets, Tls?.Authorities?.Length, Tls?.Certificate?.Length);
}
