using RegistryProxy.Gateway.Memory;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// Whom limits tell apart, of all tenants together: however many tenants are flooded from however many addresses, a gateway keeps no more.
/// Who comes often stays, whosever the flood is.
/// </summary>
internal sealed class LimitCaches
{
    /// <summary>How many identities are told apart, and how many addresses.</summary>
    private const int Capacity = 50_000;

    /// <summary>What those of one kind may weigh, in bytes.</summary>
    private const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>What shared permits weigh, in bytes.</summary>
    private const int PermitsWeight = 500;

    /// <summary>By the identity, as tokens name it.</summary>
    public WeighedCache<(string Tenant, string Identity), SharedPermits> Identities { get; } =
        new(Capacity, MaxBytes, static (key, _) => TextWeight.Of(key.Identity) + PermitsWeight);

    /// <summary>By the address of who has not logged in.</summary>
    public WeighedCache<(string Tenant, CallerAddress Address), SharedPermits> Addresses { get; } =
        new(Capacity, MaxBytes, static (_, _) => 64 + PermitsWeight);

    /// <summary>What requests without a valid token take of the tenant, by their address.</summary>
    public WeighedCache<(string Tenant, CallerAddress Address), RateGate> Strangers { get; } = new(Capacity, MaxBytes, static (_, _) => 64);

    /// <summary>What requests with an anonymous token take of the tenant, by their address.</summary>
    public WeighedCache<(string Tenant, CallerAddress Address), RateGate> Anonymous { get; } = new(Capacity, MaxBytes, static (_, _) => 64);

    /// <summary>Who proved by a password last to be the identity that a user name stands for.</summary>
    public WeighedCache<(string Tenant, string User), string> Names { get; } =
        new(Capacity, MaxBytes, static (key, identity) => TextWeight.Of(key.User) + TextWeight.Of(identity));
}
