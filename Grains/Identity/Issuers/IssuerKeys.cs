using System.Text.Json;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Files;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>The keys of an issuer, asked for again when a token names one that is not known.</summary>
internal sealed class IssuerKeys : IDisposable
{
    /// <summary>The most keys of an issuer: a token that names none is tried with each.</summary>
    public const int MaxKeys = 100;

    private readonly TokenIssuerConfiguration _configuration;
    private readonly IssuerDocuments _documents;
    private readonly IssuerAnswer<IReadOnlyList<SecurityKey>> _keys;

    /// <exception cref="IOException">The file of keys cannot be read.</exception>
    /// <exception cref="FormatException">The file holds no keys.</exception>
    public IssuerKeys(TokenIssuerConfiguration configuration, Func<EgressSettings> network, TimeProvider time)
    {
        (_configuration, _documents) = (configuration, new IssuerDocuments(network, configuration.AllowPrivate, configuration.Ca, time));
        _keys = new(FetchKeys, time, configuration.Keys is FiledKeys filed ? [.. OfFile(filed)] : null);
    }

    /// <summary>The keys that may have signed a token with this <c>kid</c>.</summary>
    /// <exception cref="IssuerUnavailableException">There are none yet, and they cannot be had.</exception>
    public async ValueTask<IReadOnlyList<SecurityKey>> For(string? keyId, CancellationToken cancellation) =>
        await _keys.Get(keys => keyId is null || keys.Any(key => key.KeyId == keyId), cancellation) is { Count: > 0 } keys
            ? keys
            : throw new IssuerUnavailableException(_keys.Problem);

    public void Dispose() => _documents.Dispose();

    private async Task<IReadOnlyList<SecurityKey>> FetchKeys(CancellationToken cancellation)
    {
        IReadOnlyList<SecurityKey> keys = [.. (await Read(cancellation)).Take(MaxKeys + 1)];
        return keys.Count is > 0 and <= MaxKeys ? keys
            : throw new JsonException($"'{_configuration.Name}' has {(keys.Count == 0 ? "no keys" : $"more than {MaxKeys} keys")}");
    }

    private async Task<IEnumerable<SecurityKey>> Read(CancellationToken cancellation)
    {
        switch (_configuration.Keys)
        {
            case FiledKeys filed:
                return OfFile(filed);
            case AddressedKeys addressed:
                return new JsonWebKeySet(await _documents.GetDocumentAsync(addressed.Address.AbsoluteUri, cancellation)).GetSigningKeys();
            default:
                var address = $"{_configuration.Issuer.TrimEnd('/')}/.well-known/openid-configuration";
                var discovered = await OpenIdConnectConfigurationRetriever.GetAsync(address, _documents, cancellation);
                return discovered.Issuer == _configuration.Issuer
                    ? discovered.SigningKeys
                    : throw new JsonException($"the discovery document of '{_configuration.Name}' names another issuer");
        }
    }

    /// <exception cref="FormatException">It holds no keys.</exception>
    private static IList<SecurityKey> OfFile(FiledKeys filed) =>
        new JsonWebKeySet(BoundedFile.ReadText(filed.Path)).GetSigningKeys() is { Count: > 0 and <= MaxKeys } keys
        ? keys
        : throw new FormatException($"{filed.Path} holds no keys, or more than {MaxKeys}");
}

/// <summary>The keys of an issuer cannot be had.</summary>
internal sealed class IssuerUnavailableException(string message) : Exception(message);
