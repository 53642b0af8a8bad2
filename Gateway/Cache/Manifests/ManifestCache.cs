using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Manifests;

/// <summary>
/// Pulls of manifests on cached routes. A digest is what it is for ever; a tag is asked about with HEAD when it was not for
/// <c>cache.tagTtl</c>, and stands in for an upstream that cannot answer for <c>cache.staleIfError</c> more, with a warning to the user
/// (OCI distribution-spec, "Warnings").
/// </summary>
internal sealed class ManifestCache(
    GatewayOptions options, StoredManifests stored, TagIndex tags, RepositoryLinkIndex linkIndex, InvalidationClock clock,
    ManifestFetcher fetcher,
    CacheMeter meter)
{
    private const int PieceBytes = 64 * 1024;

    private const string StaleWarning = "299 - \"the upstream cannot be asked; this is what the tag was when it last could\"";

    private static DistributionError TooManyTypes { get; } =
        DistributionError.TooManyRequests("too many requests for a manifest as something that it is not; log in, or try again later", 10);

    private readonly TimeSpan _ttl = options.Cache?.TagTtl ?? TimeSpan.Zero;
    private readonly TimeSpan _stale = options.Cache?.StaleIfError ?? TimeSpan.Zero;

    /// <summary>Answers, or returns the error for the client, or leaves what is too large to the upstream.</summary>
    public ValueTask<ServedManifest> Serve(RegistryRequest request) =>
        request.Path.Reference!.Digest is { } digest ? ByDigest(request, digest) : ByTag(request);

    /// <summary>
    /// A tag is served unasked to those who take the type that it has. Whoever does not, or names it by a type that is not known here, has
    /// the upstream asked with HEAD, and is charged for it: however many there are, they cost no pull and keep nothing.
    /// </summary>
    private ValueTask<ServedManifest> ByTag(RegistryRequest request)
    {
        var accepted = AcceptedTypes.Of(request.Context.Request.Headers.Accept);
        var key = TagKey.Of(request, accepted);
        var entry = tags.Find(key);
        if (entry is not null && !accepted.Takes(entry.MediaType) && request.Account?.Take() is not null)
        {
            return Answer(request, new ManifestAnswer(null, CacheState.Miss, TooManyTypes));
        }

        return entry is not null && accepted.Takes(entry.MediaType) && tags.IsFresh(key, entry, _ttl)
            && stored.Find(key.Repository.Supplier.Tenant, request.Upstream, entry.Digest) is { } content
            ? Write(request, content, CacheState.Hit)
            : HeadTag(request, key, accepted, entry);
    }

    private async ValueTask<ServedManifest> HeadTag(RegistryRequest request, TagKey key, AcceptedTypes accepted, TagEntry? entry)
    {
        await clock.Listen(key.Repository.Place, request.Aborted);
        var mark = clock.Mark(key.Repository);
        var question = fetcher.Question(request, accepted, key.Repository, mark);
        var answer = await fetcher.Share(
            entry is null ? question : question with { TooManyMisses = null },
            stop => entry is null ? Get(key, question, stop) : Revalidate(key, entry, question, stop),
            request.Aborted);
        if (answer is { Content: { } content, IsOfUpstream: true })
        {
            linkIndex.Learn(new RepositoryLink(key.Repository, content.Digest), mark);
        }

        return await Answer(request, answer);
    }

    private async Task<ManifestAnswer> Revalidate(TagKey key, TagEntry entry, ManifestQuestion question, CancellationToken cancellation)
    {
        var (accepted, fetch, mark) = (question.Accepted, question.Fetch, question.Mark);
        var (digest, error, _) = await fetcher.Head(fetch, cancellation);
        if (digest is not null && stored.Find(key.Repository.Supplier.Tenant, fetch.Destination.Upstream, digest) is { } known)
        {
            tags.Learn(key, known, mark);
            return new ManifestAnswer(known, CacheState.Revalidated, null);
        }

        if (digest is null && error is null && LastOf(key, fetch) is { } last)
        {
            return new ManifestAnswer(last, CacheState.Hit, null);
        }

        var answer = error is null ? await Get(key, question with { AsksFirst = false }, cancellation)
            : new ManifestAnswer(null, CacheState.Miss, error);
        if (answer.Error is { } failed && UpstreamErrorKind.IsOutage(failed) && tags.AgeOf(entry) < _ttl + _stale
            && accepted.Takes(entry.MediaType)
            && tags.Find(key) == entry && stored.Find(key.Repository.Supplier.Tenant, fetch.Destination.Upstream, entry.Digest) is { } old)
        {
            return new ManifestAnswer(old, CacheState.Stale, null) { IsOfCaller = failed.IsOfCaller };
        }

        if (answer.Error is { } no && UpstreamErrorKind.IsRefusal(no))
        {
            tags.Forget(key);
        }

        return answer;
    }

    /// <summary>
    /// Where HEAD does not say what a tag is, what a GET brought for the same known types is the answer for its time; else each invented
    /// type would cost a pull.
    /// </summary>
    private ManifestContent? LastOf(TagKey key, Fetch fetch) => tags.Find(key) is { } last && tags.IsFresh(key, last, _ttl)
        ? stored.Find(key.Repository.Supplier.Tenant, fetch.Destination.Upstream, last.Digest) : null;

    private async Task<ManifestAnswer> Get(TagKey key, ManifestQuestion question, CancellationToken cancellation)
    {
        var answer = await fetcher.GetNew(question, null, cancellation);
        if (answer is { Content: { } content, IsOfUpstream: true } && ManifestMediaType.Parse(content.MediaType) != ManifestTypes.None)
        {
            tags.Learn(key, content, question.Mark);
        }

        return answer;
    }

    private async ValueTask<ServedManifest> ByDigest(RegistryRequest request, Digest digest)
    {
        var link = RepositoryLink.Of(request, digest);
        var known = stored.Find(link.Supplier.Tenant, request.Upstream, digest);
        if (known is not null && linkIndex.Knows(link))
        {
            return await Write(request, known, CacheState.Hit);
        }

        await clock.Listen(link.Repository.Place, request.Aborted);
        var mark = clock.Mark(link.Repository);
        var question = fetcher.Question(request, AcceptedTypes.Of(request.Context.Request.Headers.Accept), link.Repository, mark);
        var answer = await fetcher.Share(
            known is null ? question : question with { TooManyMisses = null },
            stop => known is null ? fetcher.GetNew(question, digest, stop) : Confirm(link, known, question.Fetch, stop),
            request.Aborted);
        if (answer is { Content: not null, IsOfUpstream: true })
        {
            linkIndex.Learn(link, mark);
        }
        else if (answer.Error is { } no && UpstreamErrorKind.IsRefusal(no))
        {
            linkIndex.Forget(link);
        }

        return await Answer(request, answer);
    }

    /// <summary>The bytes are here: what is asked is whether this repository holds them.</summary>
    private async Task<ManifestAnswer> Confirm(RepositoryLink link, ManifestContent content, Fetch fetch, CancellationToken cancellation)
    {
        var (_, error, isAnswered) = await fetcher.Head(fetch, cancellation);
        error = isAnswered ? error : (await fetcher.Get(link.Supplier, fetch, link.Digest, cancellation)).Error;
        return error is null ? new ManifestAnswer(content, CacheState.Revalidated, null)
            : UpstreamErrorKind.IsOutage(error) && linkIndex.Knew(link)
                ? new ManifestAnswer(content, CacheState.Hit, null) { IsOfCaller = error.IsOfCaller }
            : new ManifestAnswer(null, CacheState.Miss, error);
    }

    private ValueTask<ServedManifest> Answer(RegistryRequest request, ManifestAnswer answer)
    {
        if (answer.Content is { } content)
        {
            return Write(request, content, answer.State);
        }

        meter.Count(request, answer.State);
        return new(answer.Error is { } error ? new ServedManifest(error) : ServedManifest.Left);
    }

    private async ValueTask<ServedManifest> Write(RegistryRequest request, ManifestContent content, CacheState state)
    {
        meter.Count(request, state);
        var response = request.Context.Response;
        if (state == CacheState.Stale)
        {
            response.Headers.Warning = StaleWarning;
        }

        if (ContentHead.Write(request.Context, content.Digest, content.ETag, content.MediaType, ContentHead.Never))
        {
            return default;
        }

        response.ContentLength = content.Bytes.Length;
        if (!request.IsHead)
        {
            meter.Saved(state is CacheState.Miss or CacheState.Bypass ? 0 : content.Bytes.Length);
            var body = content.Bytes.Length > PieceBytes ? SentBody.Of(request.Context) : null;
            for (var sent = 0; sent < content.Bytes.Length; sent += PieceBytes)
            {
                // A slow reader holds what it has not read yet, and that is a piece, not the whole.
                var piece = content.Bytes.AsMemory(sent, Math.Min(PieceBytes, content.Bytes.Length - sent));
                await response.BodyWriter.WriteAsync(piece, request.Aborted);
                body?.Add(piece.Length);
            }
        }

        return default;
    }
}

/// <summary>What the cache did with a pull of a manifest.</summary>
/// <param name="Error">The error for the client; <c>null</c> when it was answered, or left.</param>
internal readonly record struct ServedManifest(DistributionError? Error)
{
    /// <summary>The upstream is to be asked past the cache.</summary>
    public static ServedManifest Left { get; } = new() { IsLeft = true };

    /// <summary>Whether it is left to the upstream.</summary>
    public bool IsLeft { get; private init; }
}
