using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>Where a provider takes people and codes, by its discovery document (OpenID Connect Discovery 1.0 §4).</summary>
internal sealed class IssuerEndpoints : IDisposable
{
    private readonly TokenIssuerConfiguration _configuration;
    private readonly IssuerDocuments _documents;
    private readonly IssuerAnswer<Endpoints> _endpoints;

    public IssuerEndpoints(
        TokenIssuerConfiguration configuration, Func<EgressSettings> network, TimeProvider time, ServiceOutages.ServiceOutage? server)
    {
        (_configuration, _documents) = (configuration, new IssuerDocuments(network, configuration.AllowPrivate, configuration.Ca, time));
        _endpoints = new IssuerAnswer<Endpoints>(Discover, time, null, server, "discovery");
    }

    /// <summary>Why there are no endpoints; for operators.</summary>
    public string Problem => _endpoints.Problem;

    /// <summary>The endpoints; <c>null</c> when they were never had and cannot be had now.</summary>
    public ValueTask<Endpoints?> Find(CancellationToken cancellation) => _endpoints.Get(_ => true, cancellation);

    public void Dispose() => _documents.Dispose();

    private async Task<Endpoints> Discover(CancellationToken cancellation)
    {
        var address = $"{_configuration.Issuer.TrimEnd('/')}/.well-known/openid-configuration";
        var document = await OpenIdConnectConfigurationRetriever.GetAsync(address, _documents, cancellation);
        return document.Issuer == _configuration.Issuer && Usable(document.AuthorizationEndpoint) is { } authorization
            && Usable(document.TokenEndpoint) is { } token
            ? new Endpoints(
                authorization, token, document.AuthorizationResponseIssParameterSupported, document.ClaimsSupported.Contains("auth_time"))
            : throw new InvalidDataException($"{address} names another issuer, or endpoints that are not https://");
    }

    private Uri? Usable(string? address) => IssuerDocuments.Usable(address, _configuration.AllowPrivate);

    /// <summary>What the discovery document named.</summary>
    /// <param name="Authorization">Where people go.</param>
    /// <param name="Token">Where codes go.</param>
    /// <param name="NamesItself">Whether each browser comes back with <c>iss</c> (RFC 9207 §3).</param>
    /// <param name="SaysWhen">Whether its ID tokens have <c>auth_time</c>, where that is asked for.</param>
    internal sealed record Endpoints(Uri Authorization, Uri Token, bool NamesItself, bool SaysWhen);
}
