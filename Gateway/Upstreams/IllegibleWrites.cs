using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// Finds out whether an upstream did a write whose answer cannot be read: a header that is none, or more of them than are read. What it has
/// now tells: nothing that it writes into a header makes a push that succeeded look failed.
/// </summary>
internal sealed class IllegibleWrites(UpstreamFetcher fetcher)
{
    /// <summary>Whether a blob is there.</summary>
    public async Task<bool> Has(RegistryRequest request, Digest blob) =>
        await fetcher.Confirm(Fetch.Blob(request, blob), request.Aborted) is null;

    /// <summary>Whether a reference leads to a manifest of these bytes; what a tag is must be said by the upstream.</summary>
    public async Task<bool> Has(RegistryRequest request, ManifestReference reference, byte[] bytes)
    {
        var fetch = Fetch.Manifest(request, reference, request.Context.Request.ContentType ?? "");
        if (reference.Digest is not null)
        {
            return await fetcher.Confirm(fetch, request.Aborted) is null;
        }

        if (await fetcher.Head(fetch, request.Aborted) is not { Answer: { } answer })
        {
            return false;
        }

        using (answer)
        {
            return PulledHead.ClaimOf(answer) is { } digest && ContentDigest.Is(digest, bytes);
        }
    }
}
