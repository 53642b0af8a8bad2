using System.Text.Json;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Peers;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.PeerServing;

/// <summary>A verified ticket: which gateway may read which blob from which.</summary>
/// <param name="Holder">The gateway that is read from.</param>
/// <param name="Certificate">What the gateway that reads must show.</param>
/// <param name="Link">The blob as a tenant gets it.</param>
/// <param name="Upstream">The upstream of the link.</param>
/// <param name="Expires">When it opens nothing any more.</param>
internal sealed record PeerTicket(string Holder, string Certificate, RepositoryLink Link, Upstream Upstream, DateTimeOffset Expires)
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 2 };

    /// <summary>
    /// Reads a ticket; <c>null</c> when the cluster did not sign it, it is something else, or for an upstream that is not configured any
    /// more.
    /// </summary>
    public static PeerTicket? Read(string text, FrontDoorMap map)
    {
        if (map.Verifier.Payload(text, FetchTicketClaims.Type) is not { } payload)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(payload, Strict);
            var claims = document.RootElement;
            return FetchKey.TryParse(Text(claims, FetchTicketClaims.Blob), out var blob) && map.UpstreamOf(blob.Upstream) is { } upstream
                ? new PeerTicket(
                    Text(claims, FetchTicketClaims.Audience), Text(claims, FetchTicketClaims.Certificate),
                    new RepositoryLink(new TenantRepository(new Supplier(blob.Tenant, blob.Upstream), upstream.Address, blob.Repository),
                        blob.Digest),
                    upstream,
                    UnixTime.OfSeconds(claims.GetProperty(FetchTicketClaims.Expires).GetInt64()))
                : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException or FormatException
            or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    /// <summary>Whether it opens a blob of this gateway for whoever shows a certificate.</summary>
    public bool Opens(Digest digest, LocalPeer local, string certificate) =>
        Holder == local.Id && Link.Digest == digest && Certificate == certificate;

    private static string Text(JsonElement claims, string name) =>
        claims.GetProperty(name).GetString() ?? throw new FormatException("a claim is null");
}
