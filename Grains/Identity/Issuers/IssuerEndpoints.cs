using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using RegistryProxy.Configuration;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>Where a provider takes people and codes, by its discovery document (OpenID Connect Discovery 1.0 §4), kept for an hour. One question at a time, and after a failure none for a while.</summary>
internal sealed class IssuerEndpoints(TokenIssuerConfiguration configuration, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _flight = new(1);
    private readonly IssuerDocuments _documents = new(configuration.AllowPrivate, configuration.Ca, time);
    private volatile Found? _found;
    private volatile string _problem = "";
    private DateTimeOffset _nextTry;

    /// <summary>Why there are no endpoints; for operators.</summary>
    public string Problem => _problem;

    /// <summary>The endpoints; <c>null</c> when they were never had and cannot be had now.</summary>
    public async ValueTask<Found?> Find(CancellationToken cancellation)
    {
        if (IsFresh)
        {
            return _found;
        }

        using var limit = new LoginLimit(IssuerDocuments.Timeout, time, cancellation);
        await _flight.WaitAsync(cancellation);
        try
        {
            return IsFresh || time.GetUtcNow() < _nextTry ? _found : await Ask(limit.Token, cancellation);
        }
        finally
        {
            _flight.Release();
        }
    }

    public void Dispose()
    {
        _documents.Dispose();
        _flight.Dispose();
    }

    private bool IsFresh => _found is { } known && time.GetUtcNow() < known.Until;

    private async Task<Found?> Ask(CancellationToken limit, CancellationToken cancellation)
    {
        try
        {
            var address = $"{configuration.Issuer.TrimEnd('/')}/.well-known/openid-configuration";
            var document = await OpenIdConnectConfigurationRetriever.GetAsync(address, _documents, limit);
            if (document.Issuer == configuration.Issuer && Usable(document.AuthorizationEndpoint) is { } authorization && Usable(document.TokenEndpoint) is { } token)
            {
                _found = new Found(authorization, token, time.GetUtcNow() + Life);
                return _found;
            }

            _problem = $"{address} names another issuer, or endpoints that are not https://";
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            _problem = fault.InnerException?.Message ?? fault.Message;
        }

        _nextTry = time.GetUtcNow() + AfterFailure;
        return _found;
    }

    private Uri? Usable(string? address) => IssuerDocuments.Usable(address, configuration.AllowPrivate);

    /// <summary>What the discovery document named.</summary>
    internal sealed record Found(Uri Authorization, Uri Token, DateTimeOffset Until);
}
