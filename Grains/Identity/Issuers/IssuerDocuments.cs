using System.Security.Cryptography.X509Certificates;
using Microsoft.IdentityModel.Protocols;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>Fetches discovery documents and key sets: vetted addresses, no redirect, 5 seconds, 256 KiB.</summary>
internal sealed class IssuerDocuments(Func<EgressSettings> network, bool allowPrivate, CertificateSource? ca, TimeProvider time)
    : IDocumentRetriever, IDisposable
{
    private const int MaxBody = 256 * 1024;

    /// <summary>For one document, and for all that one question needs.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly EgressPool _ways = Ways(allowPrivate, ca?.Load(), time);

    public async Task<string> GetDocumentAsync(string address, CancellationToken cancel)
    {
        if (Usable(address, allowPrivate) is not { } uri)
        {
            throw new HttpRequestException("the address of a key set must be https://");
        }

        var settings = network();
        await HostLookup.Wait(uri, settings, cancel);
        using var limit = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.UserAgent.ParseAdd("registryproxy");
        request.Headers.Accept.ParseAdd("application/json");
        using var response = await _ways.For(settings).SendAsync(request, either.Token);
        if (!response.IsSuccessStatusCode)
        {
            // Parts of its path may not be asked for: it is taken as it is written.
            var asked = $"{HttpOrigin.Of(uri).Serialized}{uri.PathAndQuery.Split('?')[0]}";
            throw new HttpRequestException($"{asked} answers {(int)response.StatusCode}", null, response.StatusCode);
        }

        return await response.Content.ReadText(MaxBody, either.Token);
    }

    /// <summary>
    /// An address that a discovery document or the configuration names; <c>null</c> when it is not taken: https, or http where private
    /// addresses are allowed.
    /// </summary>
    public static Uri? Usable(string? address, bool allowPrivate) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Fragment.Length == 0
        && HttpOrigin.TryGet(uri, out var origin) && (origin.Scheme == "https" || allowPrivate)
        && OriginForm.TryParse(uri.PathAndQuery, out var target)
            ? origin.At(target)
            : null;

    public void Dispose() => _ways.Dispose();

    /// <summary>The authorities are read first of all: an authenticator whose file is broken is not made.</summary>
    private static EgressPool Ways(bool allowPrivate, X509Certificate2Collection? authorities, TimeProvider time) => new(
        settings => authorities is null ? UpstreamTransport.Create(settings)
            : Trusting(UpstreamTransport.Create(allowPrivate), authorities), time);

    /// <summary>API servers have certificates of an authority of their cluster.</summary>
    private static SocketsHttpHandler Trusting(SocketsHttpHandler handler, X509Certificate2Collection authorities)
    {
        handler.SslOptions.CertificateChainPolicy!.TrustMode = X509ChainTrustMode.CustomRootTrust;
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        return handler;
    }
}
