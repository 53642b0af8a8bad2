using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity.Issuers;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Login;

/// <summary>The authorization code flows by which people log in with their provider, of each tenant.</summary>
internal sealed partial class CodeFlows(
    IConfigurationFeed configuration, AuthenticatorDirectory authenticators, ILogger<CodeFlows> logger)
{
    /// <summary>The flow of one authenticator of a tenant; <c>null</c> when there is none of that name, or it is not for people.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="authenticator">The authenticator.</param>
    /// <param name="administers">Whether somebody wants to administer the tenant, who may log in with others as well.</param>
    public CodeFlow? Find(string tenant, string authenticator, bool administers) =>
        !configuration.Current.Configuration.Tenants.TryGetValue(tenant, out var known) ? null
        : ((administers ? authenticators.FindAny(known, authenticator) : authenticators.Find(known, authenticator))
            as OidcAuthenticator)?.People;

    /// <summary>Where a browser goes to log in; <c>null</c> while the provider does not say, which is logged.</summary>
    public async ValueTask<Uri?> AddressOf(CodeFlow code, LoginFlow flow, CancellationToken cancellation)
    {
        var address = await code.AddressOf(flow, cancellation);
        if (address is null)
        {
            LogUnreachable(flow.Authenticator, code.Problem);
        }

        return address;
    }

    /// <summary>
    /// Where a login comes back. A provider that the tenant defines itself has a path of its own beside those of all: whoever runs it
    /// could send a person on to another, and be shown the code of that one (RFC 9700 §4.4). What the tenant could use is for its operator
    /// to say, so that its part cannot say when that begins.
    /// </summary>
    public string CallbackOf(InteractiveLoginRequest request)
    {
        var all = configuration.Current.Configuration;
        var isAlone = !all.Tenants.TryGetValue(request.Tenant, out var tenant) || !authenticators.IsOwn(tenant, request.Authenticator)
            || !tenant.SessionAuthenticators.Union(tenant.MayUse.Authenticators)
                .Any(name => name != request.Authenticator && authenticators.LetsPeopleIn(tenant, name));
        return isAlone ? request.Callback : $"{request.Callback}/{request.Authenticator}";
    }

    /// <summary>A result with the judge as metrics name it.</summary>
    public LoginResult Named(string tenant, LoginResult result) => JudgeName.Of(configuration, tenant, result);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The provider of {Authenticator} cannot be reached: {Problem}")]
    private partial void LogUnreachable(string authenticator, string problem);
}
