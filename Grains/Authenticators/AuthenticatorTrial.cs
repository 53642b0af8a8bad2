using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Network;

namespace RegistryProxy.Grains.Authenticators;

/// <summary>
/// Tries authenticators without a cluster and without anybody's credential: a directory takes its reader and searches, an issuer shows its
/// keys, a verifier answers.
/// </summary>
public sealed class AuthenticatorTrial : IDisposable
{
    private readonly EgressProxies _proxies;
    private readonly AuthenticatorFactory _factory;

    /// <param name="configuration">The configuration that the authenticators are of.</param>
    /// <param name="time">The time.</param>
    public AuthenticatorTrial(FrontDoorConfiguration configuration, TimeProvider time)
    {
        var feed = new FixedConfiguration(new ConfigurationSnapshot(configuration, "check"));
        _proxies = new EgressProxies(feed, time, NullLogger<EgressProxies>.Instance);

        // Grains are asked when somebody proves something, and nobody does here.
        _factory = new AuthenticatorFactory(new PasswordWork(), null!, null!, _proxies, time, NullLoggerFactory.Instance);
    }

    /// <summary>
    /// The first step that fails and why; <c>Step</c> is <c>null</c> when all is well. <c>null</c> where there is nobody to ask.
    /// </summary>
    public async Task<(string? Step, string Text)?> Run(AuthenticatorConfiguration configuration, CancellationToken cancellation)
    {
        var (authenticator, problem) = _factory.TryCreate(configuration);
        using var owned = authenticator as IDisposable;
        if (authenticator is null)
        {
            return ("file", problem);
        }

        return authenticator is ITriable triable && await triable.Try(cancellation) is var (step, text) ? (step, text) : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _proxies.Dispose();
}
