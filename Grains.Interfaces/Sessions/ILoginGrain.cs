using Orleans.CodeGeneration;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// Turns credentials into an access token: verifies them, evaluates the tenant's access rules, opens the session, signs the token.
/// A stateless worker; the key is always 0.
/// </summary>
[Version(0), Alias("rp.ILoginGrain")]
public interface ILoginGrain : IGrainWithIntegerKey
{
    /// <summary>Answers one token request. Expected failures are results; nothing is thrown for a wrong password.</summary>
    [Alias("Login"), ResponseTimeout(LoginTimes.LoginCall)]
    ValueTask<LoginResult> Login(LoginRequest request, CancellationToken cancellation = default);

    /// <summary>A nonce that counts once, for a minute; <c>null</c> when the tenant has no token authenticator of this name.</summary>
    [Alias("CreateNonce"), ResponseTimeout("00:00:05")]
    ValueTask<string?> CreateNonce(string tenant, string authenticator, CancellationToken cancellation = default);
}
