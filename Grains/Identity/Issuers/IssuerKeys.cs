using System.Text.Json;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Configuration;
using RegistryProxy.Files;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>
/// The keys of an issuer, kept for an hour and asked for again when a token names one that is not known, at most once a minute. A failed
/// fetch is not repeated for a while, and what is known goes on being used.
/// </summary>
internal sealed class IssuerKeys : IDisposable
{
    /// <summary>The most keys of an issuer: a token that names none is tried with each.</summary>
    public const int MaxKeys = 100;

    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private static readonly TimeSpan MinPeriod = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private readonly TokenIssuerConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly IssuerDocuments _documents;
    private readonly SemaphoreSlim _flight = new(1);
    private volatile Known _known = Known.Nothing;

    /// <exception cref="IOException">The file of keys cannot be read.</exception>
    /// <exception cref="FormatException">The file holds no keys.</exception>
    public IssuerKeys(TokenIssuerConfiguration configuration, TimeProvider time)
    {
        (_configuration, _time, _documents) = (configuration, time, new IssuerDocuments(configuration.AllowPrivate, configuration.Ca, time));
        if (configuration.Keys is FiledKeys filed)
        {
            var now = time.GetUtcNow();
            _known = new Known([.. OfFile(filed)], now, now + Life, now, "");
        }
    }

    /// <summary>The keys that may have signed a token with this <c>kid</c>.</summary>
    /// <exception cref="IssuerUnavailableException">There are none yet, and they cannot be had.</exception>
    public async ValueTask<IReadOnlyList<SecurityKey>> For(string? keyId, CancellationToken cancellation)
    {
        if (IsDue(keyId))
        {
            await _flight.WaitAsync(cancellation);
            try
            {
                if (IsDue(keyId))
                {
                    _known = await Fetch(cancellation);
                }
            }
            finally
            {
                _flight.Release();
            }
        }

        return _known.Keys.Count > 0 ? _known.Keys : throw new IssuerUnavailableException(_known.Problem);
    }

    public void Dispose()
    {
        _documents.Dispose();
        _flight.Dispose();
    }

    private bool IsDue(string? keyId)
    {
        var known = _known;
        var now = _time.GetUtcNow();
        return now >= known.NextTry
            && (now >= known.Until || (keyId is not null && now >= known.Fetched + MinPeriod && known.Keys.All(key => key.KeyId != keyId)));
    }

    private async Task<Known> Fetch(CancellationToken cancellation)
    {
        var now = _time.GetUtcNow();
        using var limit = new LoginLimit(IssuerDocuments.Timeout, _time, cancellation);
        try
        {
            IReadOnlyList<SecurityKey> keys = [.. (await Read(limit.Token)).Take(MaxKeys + 1)];
            return keys.Count <= MaxKeys
                ? new Known(keys, now, now + Life, now, "")
                : throw new JsonException($"'{_configuration.Name}' has more than {MaxKeys} keys");
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            return _known with { NextTry = now + AfterFailure, Problem = fault.Message };
        }
    }

    private async Task<IEnumerable<SecurityKey>> Read(CancellationToken cancellation)
    {
        switch (_configuration.Keys)
        {
            case FiledKeys filed:
                return OfFile(filed);
            case AddressedKeys addressed:
                return Parse(await _documents.GetDocumentAsync(addressed.Address.AbsoluteUri, cancellation));
            default:
                var address = $"{_configuration.Issuer.TrimEnd('/')}/.well-known/openid-configuration";
                var discovered = await OpenIdConnectConfigurationRetriever.GetAsync(address, _documents, cancellation);
                return discovered.Issuer == _configuration.Issuer
                    ? discovered.SigningKeys
                    : throw new JsonException($"the discovery document of '{_configuration.Name}' names another issuer");
        }
    }

    /// <exception cref="FormatException">It holds no keys.</exception>
    private static IList<SecurityKey> OfFile(FiledKeys filed) => new JsonWebKeySet(BoundedFile.ReadText(filed.Path)).GetSigningKeys() is { Count: > 0 } keys
        ? keys
        : throw new FormatException($"{filed.Path} holds no keys");

    private static IEnumerable<SecurityKey> Parse(string text) => new JsonWebKeySet(text).GetSigningKeys();

    private sealed record Known(IReadOnlyList<SecurityKey> Keys, DateTimeOffset Fetched, DateTimeOffset Until, DateTimeOffset NextTry, string Problem)
    {
        public static Known Nothing { get; } = new([], DateTimeOffset.MinValue, DateTimeOffset.MinValue, DateTimeOffset.MinValue, "");
    }
}

/// <summary>The keys of an issuer cannot be had.</summary>
internal sealed class IssuerUnavailableException(string message) : Exception(message);
