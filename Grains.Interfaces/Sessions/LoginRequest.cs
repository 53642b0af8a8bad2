using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>One request to the token endpoint, parsed.</summary>
[GenerateSerializer, Immutable, Alias("rp.login-request")]
public sealed record LoginRequest
{
    /// <summary>The tenant, from the host map; never from the client.</summary>
    [Id(0)]
    public required string Tenant { get; init; }

    /// <summary>The audience of the token: the tenant's service name.</summary>
    [Id(1)]
    public required string Service { get; init; }

    [Id(2)]
    public required LoginCredentials Credentials { get; init; }

    /// <summary>What was asked for, parsed and merged; what is unknown was dropped.</summary>
    [Id(3)]
    public IReadOnlyList<Scope> Scopes { get; init; } = [];

    /// <summary>Whether a refresh token is wanted.</summary>
    [Id(4)]
    public bool Offline { get; init; }

    /// <summary>The client's address, for throttling and audit.</summary>
    [Id(5)]
    public string ClientAddress { get; init; } = "";

    /// <summary>Whether a NodeAgent asks, whose sessions are short: it can prove itself anew at any time.</summary>
    [Id(6)]
    public bool NodeAgent { get; init; }

    /// <summary>Whether the scope of the tenant's administration is asked for (<see cref="AdministrationScope"/>).</summary>
    [Id(7)]
    public bool Administers { get; init; }

    /// <summary>The longest that the session may last, in seconds; <c>null</c> for as long as the configuration allows.</summary>
    [Id(8)]
    public int? MaxLifetime { get; init; }
}

/// <summary>What the caller proves its identity with.</summary>
/// <param name="Kind">How to read the other two.</param>
/// <param name="Name">The user name, or the authenticator's; empty for the other kinds.</param>
/// <param name="Secret">The password, assertion or refresh token; <c>null</c> when anonymous.</param>
[GenerateSerializer, Immutable, Alias("rp.login-credentials")]
public sealed record LoginCredentials(
    [property: Id(0)] LoginCredentialsKind Kind,
    [property: Id(1)] string Name,
    [property: Id(2)] Secret? Secret)
{
    public static LoginCredentials Anonymous { get; } = new(LoginCredentialsKind.Anonymous, "", null);
}

/// <summary>The kinds of <see cref="LoginCredentials"/>.</summary>
[GenerateSerializer, Alias("rp.login-credentials-kind")]
public enum LoginCredentialsKind
{
    Anonymous,

    /// <summary>A user name and password for the tenant's password authenticators, in their order.</summary>
    Password,

    /// <summary>Credential text for the authenticator that <see cref="LoginCredentials.Name"/> names.</summary>
    Assertion,

    /// <summary>A refresh token issued here.</summary>
    RefreshToken,

    /// <summary>A device code issued here (RFC 8628 §3.4).</summary>
    DeviceCode,
}
