using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Cache.Invalidation;
using RegistryProxy.Gateway.Referrers;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>
/// PUT of a manifest. By its digest it may be given tags (<c>?tag=</c>, OCI distribution-spec, "Pushing Manifests"); an upstream that does
/// not know that gets the manifest once more for each.
/// </summary>
internal sealed class ManifestPush(
    RepeatableWrites repeatable, AnnouncedWrites writes, ReferrersUpkeep referrers, PushedManifests pushed)
{
    /// <summary>Tags that one manifest is given at once.</summary>
    private const int MaxTags = 20;

    private const string TagHeader = "OCI-Tag";

    public async Task<DistributionError?> Put(RegistryRequest request)
    {
        var forwarding = To(request, request.Path.Reference!);
        if (!TryReadTags(request, out var tags))
        {
            return DistributionError.ManifestInvalid($"tag takes a tag each, {MaxTags} at most");
        }

        if (request.Context.Request.ContentLength > Manifest.MaxBytes)
        {
            return forwarding.TooLarge;
        }

        request.Context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = Manifest.MaxBytes;
        using var held = request.Upstream.Bodies.Hold(request.Key);
        var (bytes, unread) = await repeatable.Read(request, forwarding, held);
        if (bytes is null)
        {
            return unread;
        }

        request.Tags = tags;
        // Every tag may be another manifest from the moment on in which the upstream has this one.
        var target = tags.Aggregate(forwarding.Target, (form, tag) => form.With("tag", tag.Value));
        var (answer, error) = await writes.Run(
            request, [request.Path.Reference!, .. tags.Select(tag => ManifestReference.Of(tag))],
            before => repeatable.Put(request, request.Path.Reference!, forwarding with { Target = target, BeforeSending = before }, bytes));
        using (answer)
        {
            return answer is null ? error : await Answer(request, answer, tags, bytes);
        }
    }

    private async Task<DistributionError?> Answer(
        RegistryRequest request, HttpResponseMessage answer, IReadOnlyList<Tag> tags, byte[] bytes)
    {
        var known = answer.Headers.NonValidated.TryGetValues(TagHeader, out var values)
            ? values.SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries)).ToHashSet()
            : [];
        request.HasWritten(request.Path.Reference!, (int)answer.StatusCode);
        foreach (var tag in tags.Where(tag => known.Contains(tag.Value)))
        {
            request.HasWritten(ManifestReference.Of(tag), (int)answer.StatusCode);
        }

        foreach (var tag in tags.Where(tag => !known.Contains(tag.Value)))
        {
            var reference = ManifestReference.Of(tag);
            var (tagged, error) = await writes.Run(
                request, [reference], before => repeatable.Put(
                    request, reference, To(request, reference) with { BeforeSending = before }, bytes));
            using (tagged)
            {
                if (tagged is null)
                {
                    return error;
                }

                request.HasWritten(reference, (int)tagged.StatusCode);
            }
        }

        var digest = DigestOf(answer, request, bytes);
        pushed.Learn(request.TokenService.Tenant.Name, request.Caller, request.Repository, digest);
        var subject = await referrers.Pushed(request, answer, digest, bytes);
        CopyCreated(answer, request, digest);
        if (subject is not null)
        {
            request.Context.Response.Headers["OCI-Subject"] = subject.Value;
        }

        if (tags.Count > 0)
        {
            request.Context.Response.Headers[TagHeader] = tags.Select(tag => tag.Value).ToArray();
        }

        return null;
    }

    private static bool TryReadTags(RegistryRequest request, out IReadOnlyList<Tag> tags)
    {
        var texts = request.Path.Reference!.Digest is null ? [] : request.Path.Query.All("tag").Distinct().Take(MaxTags + 1).ToList();
        List<Tag> read = [];
        foreach (var text in texts)
        {
            if (Tag.TryParse(text, out var tag))
            {
                read.Add(tag);
            }
        }

        tags = read;
        return read.Count == texts.Count && read.Count <= MaxTags;
    }

    private static ForwardRequest To(RegistryRequest request, ManifestReference reference) => new()
    {
        Target = OriginForm.Of($"/v2/{request.UpstreamName}/manifests/{reference}"),
        Payer = request,
        Scope = UpstreamScope.Push(request.UpstreamName),
        NotFound = DistributionError.NameUnknown(),
        TooLarge = DistributionError.ManifestInvalid(
            $"the manifest is larger than {Manifest.MaxBytes} bytes", StatusCodes.Status413PayloadTooLarge),
    };

    private static Digest DigestOf(HttpResponseMessage upstream, RegistryRequest request, byte[] bytes) => ContentDigest.OfManifest(
        PulledHead.ClaimOf(upstream) ?? request.Path.Reference!.Digest, request.Context.Request.ContentType ?? "", bytes);

    private static void CopyCreated(HttpResponseMessage upstream, RegistryRequest request, Digest digest)
    {
        var response = request.Context.Response;
        ResponseHeaders.CopyWritten(upstream, response, StatusCodes.Status201Created);
        response.Headers["Docker-Content-Digest"] = digest.Value;
        response.Headers.Location = $"/v2/{request.Repository}/manifests/{digest}";
    }
}
