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
/// PUT of a manifest. By its digest it may be given tags (<c>?tag=</c>, OCI distribution-spec, "Pushing Manifests"); an upstream that does not
/// know that gets the manifest once more for each.
/// </summary>
internal sealed class ManifestPush(RepeatableWrites repeatable, AnnouncedWrites writes, ReferrersUpkeep referrers)
{
    /// <summary>Tags that one manifest is given at once.</summary>
    private const int MaxTags = 20;

    private const string TagHeader = "OCI-Tag";

    public async Task<DistributionError?> Put(Exchange exchange)
    {
        var forwarding = To(exchange, exchange.Path.Reference!);
        if (!TryReadTags(exchange, out var tags))
        {
            return DistributionError.ManifestInvalid($"tag takes a tag each, {MaxTags} at most");
        }

        if (exchange.Context.Request.ContentLength > Manifest.MaxBytes)
        {
            return forwarding.TooLarge;
        }

        exchange.Context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = Manifest.MaxBytes;
        using var held = exchange.Upstream.Bodies.Hold(exchange.Key);
        var (bytes, unread) = await repeatable.Read(exchange, forwarding, held);
        if (bytes is null)
        {
            return unread;
        }

        exchange.Tags = tags;
        // Every tag may be another manifest from the moment on in which the upstream has this one.
        var target = tags.Aggregate(forwarding.Target, (form, tag) => form.With("tag", tag.Value));
        var (answer, error) = await writes.Run(
            exchange, [exchange.Path.Reference!, .. tags.Select(tag => ManifestReference.Of(tag))],
            before => repeatable.Put(exchange, forwarding with { Target = target, BeforeSending = before }, bytes));
        using (answer)
        {
            return answer is null ? error : await Answer(exchange, answer, tags, bytes);
        }
    }

    private async Task<DistributionError?> Answer(Exchange exchange, HttpResponseMessage answer, IReadOnlyList<Tag> tags, byte[] bytes)
    {
        var known = answer.Headers.NonValidated.TryGetValues(TagHeader, out var values)
            ? values.SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries)).ToHashSet()
            : [];
        exchange.HasWritten(exchange.Path.Reference!, (int)answer.StatusCode);
        foreach (var tag in tags.Where(tag => known.Contains(tag.Value)))
        {
            exchange.HasWritten(ManifestReference.Of(tag), (int)answer.StatusCode);
        }

        foreach (var tag in tags.Where(tag => !known.Contains(tag.Value)))
        {
            var reference = ManifestReference.Of(tag);
            var (tagged, error) = await writes.Run(exchange, [reference], before => repeatable.Put(exchange, To(exchange, reference) with { BeforeSending = before }, bytes));
            using (tagged)
            {
                if (tagged is null)
                {
                    return error;
                }

                exchange.HasWritten(reference, (int)tagged.StatusCode);
            }
        }

        var digest = DigestOf(answer, exchange, bytes);
        var subject = await referrers.Pushed(exchange, answer, digest, bytes);
        CopyCreated(answer, exchange, digest);
        if (subject is not null)
        {
            exchange.Context.Response.Headers["OCI-Subject"] = subject.Value;
        }

        if (tags.Count > 0)
        {
            exchange.Context.Response.Headers[TagHeader] = tags.Select(tag => tag.Value).ToArray();
        }

        return null;
    }

    private static bool TryReadTags(Exchange exchange, out IReadOnlyList<Tag> tags)
    {
        var texts = exchange.Path.Reference!.Digest is null ? [] : exchange.Path.Query.All("tag").Distinct().Take(MaxTags + 1).ToList();
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

    private static Forwarding To(Exchange exchange, ManifestReference reference) => new()
    {
        Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/manifests/{reference}"),
        Payer = exchange,
        Scope = UpstreamScope.Push(exchange.UpstreamName),
        NotFound = DistributionError.NameUnknown(),
        TooLarge = DistributionError.ManifestInvalid($"the manifest is larger than {Manifest.MaxBytes} bytes", StatusCodes.Status413PayloadTooLarge),
    };

    private static Digest DigestOf(HttpResponseMessage upstream, Exchange exchange, byte[] bytes) => ContentDigest.OfManifest(
        PulledHead.ClaimOf(upstream) ?? exchange.Path.Reference!.Digest, exchange.Context.Request.ContentType ?? "", bytes);

    private static void CopyCreated(HttpResponseMessage upstream, Exchange exchange, Digest digest)
    {
        var response = exchange.Context.Response;
        ResponseHeaders.CopyWritten(upstream, response);
        response.Headers["Docker-Content-Digest"] = digest.Value;
        response.Headers.Location = $"/v2/{exchange.Repository}/manifests/{digest}";
    }
}
