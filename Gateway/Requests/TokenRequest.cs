using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Requests;

/// <summary>A request to the token endpoint, understood.</summary>
/// <param name="Credentials">What the caller proves its identity with.</param>
/// <param name="Scopes">What was asked for.</param>
/// <param name="Offline">Whether a refresh token is wanted.</param>
/// <param name="Service">The service that was named; <c>null</c> for none.</param>
/// <param name="Client">The client that asks, as it says; <c>null</c> for none.</param>
internal sealed record TokenRequest(
    LoginCredentials Credentials, IReadOnlyList<Scope> Scopes, bool Offline, string? Service, string? Client)
{
    /// <summary>Tenants whose administration was asked for.</summary>
    public IReadOnlyList<string> Administers { get; init; } = [];

    /// <summary>The longest that the session may last; <c>null</c> for as long as the configuration allows.</summary>
    public TimeSpan? MaxLifetime { get; init; }

    /// <summary>
    /// What a user name and password mean: a refresh token, the credential text of the authenticator behind the underscore, or a plain
    /// password. Nothing at all is anonymous.
    /// </summary>
    public static LoginCredentials CredentialsOf(string user, string password) => user switch
    {
        "" when password.Length == 0 => LoginCredentials.Anonymous,
        "" or TokenFields.SessionUser or TokenFields.DockerTokenUser => new(LoginCredentialsKind.RefreshToken, "", new Secret(password)),
        [TokenFields.AuthenticatorMark, .. var authenticator] => new(LoginCredentialsKind.Assertion, authenticator, new Secret(password)),
        _ => new(LoginCredentialsKind.Password, user, new Secret(password)),
    };
}
