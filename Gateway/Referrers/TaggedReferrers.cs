using System.Security.Cryptography;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>The list of referrers at an upstream that has it under a tag, and the manifests in it.</summary>
internal sealed class TaggedReferrers(UpstreamClient client, UpstreamFetcher fetcher, TimeProvider time)
{
    /// <summary>The longest that reading a manifest may take, to know what it refers to.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Registries hide a manifest whose type is not asked for: what is not there and what is something else must not look the same.
    /// </summary>
    private const string AnyType = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
        + "application/vnd.oci.artifact.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, "
        + "application/vnd.docker.distribution.manifest.list.v2+json, */*";

    /// <summary>How a manifest of whatever type is asked for.</summary>
    public static Fetch Any(RegistryRequest request, Digest digest) => Fetch.Manifest(request, ManifestReference.Of(digest), AnyType);

    /// <summary>Reads it as it is at the upstream now.</summary>
    /// <param name="request">Whose request it is.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="held">Holds its bytes.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<TaggedList> Read(RegistryRequest request, Tag tag, BodyAllowance.Holder held, CancellationToken cancellation)
    {
        var fetch = Fetch.Manifest(request, ManifestReference.Of(tag), AnyType);
        var result = await fetcher.Get(fetch, cancellation);
        using (result.Answer)
        {
            if (result.Answer is not { } answer)
            {
                return new TaggedList(null, null, result.Error);
            }

            try
            {
                var bytes = await BoundedBody.Read(answer, held, (int)Manifest.MaxBytes, cancellation);

                // It is written once more, to the client or the upstream.
                held.Take(bytes.Length);
                return IsSubject(tag, bytes) ? new TaggedList(null, null, Taken(request, tag)) { IsSubject = true }
                    : TypeOf(answer, bytes) is "" or ReferrersIndex.MediaType && ReferrersIndex.TryParse(bytes) is { } index
                        ? new TaggedList(index, EntityTagOf(answer), null)
                    : new TaggedList(null, null, Unreadable(request, tag));
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or TimeoutException or OperationCanceledException)
            {
                return new TaggedList(null, null,
                    fault is BodyTooLargeException ? Unreadable(request, tag) : UpstreamErrors.Unanswered(request.Upstream, fault));
            }
        }
    }

    /// <summary>Replaces it, where the upstream can tell only if it is still the one that was read.</summary>
    public async Task<UpstreamResult> Write(
        RegistryRequest registryRequest, Tag tag, byte[] index, TaggedList read, CancellationToken cancellation)
    {
        using var message = new HttpRequestMessage(HttpMethod.Put, (Uri?)null) { Content = new ByteArrayContent(index) };
        RequestHeaders.AddCommon(message);
        message.Content.Headers.TryAddWithoutValidation("Content-Type", ReferrersIndex.MediaType);
        if (read.Index is null)
        {
            message.Headers.TryAddWithoutValidation("If-None-Match", "*");
        }
        else if (read.EntityTag is { } current)
        {
            message.Headers.TryAddWithoutValidation("If-Match", current);
        }

        var request = new UpstreamRequest
        {
            Target = OriginForm.Of($"/v2/{registryRequest.UpstreamName}/manifests/{tag}"),
            Payer = registryRequest,
            Scope = UpstreamScope.Push(registryRequest.UpstreamName),
            NotFound = DistributionError.NameUnknown(),
        };
        return await client.SendWithTimeout(registryRequest.Upstream, request, message, cancellation);
    }

    /// <summary>Whether it is certain that a manifest is not there.</summary>
    public async Task<bool> IsGone(RegistryRequest request, Digest digest, CancellationToken cancellation) =>
        await fetcher.Confirm(Any(request, digest), cancellation) is { Status: StatusCodes.Status404NotFound };

    /// <summary>What a manifest refers to, <c>null</c> for nothing; or why it cannot be read.</summary>
    public async Task<(Digest? Subject, DistributionError? Error)> SubjectOf(RegistryRequest request, Digest digest)
    {
        using var limit = new CancellationTokenSource(MaxTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, request.Aborted);
        var result = await fetcher.Get(Any(request, digest), either.Token);
        using (result.Answer)
        {
            try
            {
                if (result.Answer is not { } answer)
                {
                    return (null, result.Error);
                }

                var bytes = await BoundedBody.Read(answer, (int)Manifest.MaxBytes, either.Token);
                return (ReferringManifest.TryParse(TypeOf(answer, bytes), bytes)?.Subject, null);
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or TimeoutException
                || (fault is OperationCanceledException && !request.Aborted.IsCancellationRequested))
            {
                return (null, UpstreamErrors.Unanswered(request.Upstream, fault));
            }
        }
    }

    private static string TypeOf(HttpResponseMessage answer, byte[] bytes) => ManifestLabel.Of(
        answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type) ? type.ToString() : "", bytes);

    /// <summary>
    /// Whether what came by the tag is what it would list the referrers of: some tag images by their own digest, and some registries take
    /// such a tag for the digest.
    /// </summary>
    private static bool IsSubject(Tag tag, byte[] bytes) => tag == ReferrersTag.Of(ContentDigest.Of(bytes))
        || (tag.Value.StartsWith("sha512", StringComparison.Ordinal)
            && tag == ReferrersTag.Of(Digest.Parse($"sha512:{Convert.ToHexStringLower(SHA512.HashData(bytes))}")));

    /// <summary>A strong one: a weak one is equal to none (RFC 9110 §13.1.1).</summary>
    private static string? EntityTagOf(HttpResponseMessage answer) =>
        answer.Headers.NonValidated.TryGetValues("ETag", out var values) && values.Count == 1 && values.ToString() is ['"', .., '"'] tag
            ? tag : null;

    private static DistributionError Taken(RegistryRequest request, Tag tag) => DistributionError.BadGateway(
        $"upstream '{request.Upstream.Name}' has no referrers API, and its tag '{tag}' is the image itself: what refers to it has no list");

    private static DistributionError Unreadable(RegistryRequest request, Tag tag) => DistributionError.BadGateway(
        $"upstream '{request.Upstream.Name}' has no referrers API, and its tag '{tag}' is no image index of at " +
        $"most {ReferrersIndex.MaxReferrers} manifests and {Manifest.MaxBytes >> 20} MiB");
}

/// <summary>What became of reading a list.</summary>
/// <param name="Index"><c>null</c> when there is none, or it was not read.</param>
/// <param name="EntityTag">Which one it is, if the upstream says.</param>
/// <param name="Error">Why it was not read; a 404 for one that is not there.</param>
internal sealed record TaggedList(ReferrersIndex? Index, string? EntityTag, DistributionError? Error)
{
    /// <summary>Whether the tag leads to what it would list the referrers of: there is no list then, and none may be written.</summary>
    public bool IsSubject { get; init; }

    /// <summary>Whether the repository is there, as far as is known, and the tag is not.</summary>
    public bool IsAbsent => Error is { Status: StatusCodes.Status404NotFound, Code: not "NAME_UNKNOWN" };
}
