using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// A client's HEAD, where the upstream's answer to one says nothing, or no digest of which it is known that a manifest has it, or not how
/// long a blob is: answered by what a GET says. An upstream that counts pulls is believed, since a GET would be one.
/// </summary>
internal sealed class HeadByGet(UpstreamClient client, HeadVerifier heads, CheckedDigests digests)
{
    /// <summary>What is known of HEAD at an upstream, for what is pulled; <c>null</c> for referrers, which have none.</summary>
    public HeadRecord? RecordOf(RegistryRequest request, Download download) =>
        download.Content == ContentKind.Referrers ? null : heads.RecordOf(FetchOf(request, download));

    /// <summary>Whether only a GET can answer; learns from what was answered.</summary>
    public async ValueTask<bool> IsNeeded(RegistryRequest request, Download download, UpstreamResult result, CancellationToken cancellation)
    {
        if (download.Content == ContentKind.Referrers)
        {
            return false;
        }

        var fetch = FetchOf(request, download);
        var record = heads.RecordOf(fetch);
        if (!request.IsHead)
        {
            Learn(record, fetch, result);
            return false;
        }

        if (result.Answer is not null)
        {
            record.Confirm();
        }

        switch (result)
        {
            case { Refused.IsNoWordOfGet: true }:
                record.Reject();
                return true;
            case { Refused.IsDoubtful: true }:
                return record.IsVoid || !await heads.IsBelieved(fetch, cancellation);
            case { Answer: { StatusCode: System.Net.HttpStatusCode.OK } answer, Redirect: null }:
                return download.Content == ContentKind.Blob ? !SaysLength(answer) : !CountsPulls(answer)
                    && (!IsWhole(answer) || (request.Path.Reference!.Digest is null && !IsGood(request, answer)));
            default:
                return false;
        }
    }

    /// <summary>Answers; returns the error for the client.</summary>
    /// <param name="request">Whose HEAD it is.</param>
    /// <param name="download">What of.</param>
    /// <param name="message">The GET; of a blob for its first byte.</param>
    /// <param name="watch">Ends it.</param>
    public async Task<UpstreamResult> Answer(RegistryRequest request, Download download, HttpRequestMessage message, IdleWatch watch)
    {
        var asked = download with { IsMetered = download.Content == ContentKind.Manifest };
        var result = await client.Send(request.Upstream, asked, message, watch.Token);
        if (result.Refused is { MayBeOfRange: true } && message.Headers.Remove("Range"))
        {
            // What has no bytes has no first one.
            result = await client.Send(request.Upstream, asked, message, watch.Token);
        }

        var fetch = FetchOf(request, download);
        Learn(heads.RecordOf(fetch), fetch, result);
        if (result.Answer is not { } response || result.Redirect is not null)
        {
            return result;
        }

        using (response)
        {
            request.Context.Response.StatusCode = StatusCodes.Status200OK;
            return new UpstreamResult(
                null, download.Content == ContentKind.Blob ? Blob(request, response) : await OfManifest(request, response, watch));
        }
    }

    /// <summary>Whether the digest that a HEAD says may be told to a client.</summary>
    private bool IsGood(RegistryRequest request, HttpResponseMessage answer) => PulledHead.ClaimOf(answer) is { } claimed
        && (answer.Content.Headers.ContentLength > Manifest.MaxBytes || digests.Has(request.Upstream.Identity, claimed));

    /// <summary>Whether a HEAD says how long a blob is, which clients need; of an encoded one nobody can tell.</summary>
    private static bool SaysLength(HttpResponseMessage answer) =>
        answer.Content.Headers.ContentLength is not null || ResponseHeaders.IsEncoded(answer);

    private static bool CountsPulls(HttpResponseMessage answer) => PulledHead.ClaimOf(answer) is not null
        && (answer.Headers.NonValidated.Contains("RateLimit-Limit") || answer.Headers.NonValidated.Contains("RateLimit-Remaining"));

    /// <summary>
    /// Whether a HEAD says what clients need of a manifest: how long it is, which no manifest is not, and an encoded one does not say, and
    /// its type. One that is too long to be read here says what it says.
    /// </summary>
    private static bool IsWhole(HttpResponseMessage answer) => answer.Content.Headers.ContentLength > Manifest.MaxBytes
        || (answer.Content.Headers.ContentLength > 0 && !ResponseHeaders.IsEncoded(answer)
            && answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type) && !ManifestLabel.IsVague(type.ToString()));

    /// <summary>What a GET brought HEAD should know.</summary>
    private static void Learn(HeadRecord record, Fetch fetch, in UpstreamResult result)
    {
        if (result.Answer is not null && record.WantsWitness)
        {
            record.Witness(fetch);
        }
    }

    private static Fetch FetchOf(RegistryRequest request, Download download) => download.Content == ContentKind.Blob
        ? Fetch.Blob(request, request.Path.Digest!)
        : Fetch.Manifest(request, request.Path.Reference!, request.Context.Request.Headers.Accept.ToString());

    private static DistributionError? Blob(RegistryRequest request, HttpResponseMessage response)
    {
        var length = response.Content.Headers.ContentRange is { } range ? range.Length : response.Content.Headers.ContentLength;
        var error = PulledHead.Write(ContentKind.Blob, response, request);
        request.Context.Response.Headers.Remove("Content-Range");
        request.Context.Response.ContentLength = length;
        return error;
    }

    private async Task<DistributionError?> OfManifest(RegistryRequest request, HttpResponseMessage response, IdleWatch watch)
    {
        var (digest, bytes) = await PulledManifest.Measure(request, response, watch);
        digests.Learn(request.Upstream.Identity, digest);
        PulledHead.WriteManifest(response, request, digest, bytes);
        request.Context.Response.ContentLength = bytes.Length;
        return null;
    }
}
