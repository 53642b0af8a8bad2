using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Manifests;

/// <summary>
/// Pulls of manifests on cached routes. A digest is what it is for ever; a tag is asked about with HEAD when it was not for
/// <c>cache.tagTtl</c>, and stands in for an upstream that cannot answer for <c>cache.staleIfError</c> more, with a warning to the user
/// (OCI distribution-spec, "Warnings").
/// </summary>
internal sealed class ManifestCache(
    GatewayOptions options, StoredManifests stored, TagIndex tags, HoldingIndex holdings, WriteWatch writes, ManifestFetcher fetcher,
    CacheMeter meter)
{
    private const int PieceBytes = 64 * 1024;

    private const string StaleWarning = "299 - \"the upstream cannot be asked; this is what the tag was when it last could\"";

    private readonly TimeSpan _ttl = options.Cache?.TagTtl ?? TimeSpan.Zero;
    private readonly TimeSpan _stale = options.Cache?.StaleIfError ?? TimeSpan.Zero;

    /// <summary>Answers, or returns the error for the client, or leaves what is too large to the upstream.</summary>
    public ValueTask<ServedManifest> Serve(Exchange exchange) =>
        exchange.Path.Reference!.Digest is { } digest ? ByDigest(exchange, digest) : ByTag(exchange);

    /// <summary>
    /// A tag is served unasked to those who take the type that it has. Whoever does not, or names it by a type that is not known here, has the
    /// upstream asked with HEAD: however many there are, they cost no pull and keep nothing.
    /// </summary>
    private ValueTask<ServedManifest> ByTag(Exchange exchange)
    {
        var accepted = AcceptedTypes.Of(exchange.Context.Request.Headers.Accept);
        var key = TagKey.Of(exchange, accepted);
        var entry = tags.Find(key);
        return entry is not null && accepted.Takes(entry.MediaType) && tags.IsFresh(entry, _ttl)
            && stored.Find(key.Repository.Supplier.Tenant, exchange.Upstream, entry.Digest) is { } content
            ? Write(exchange, content, CacheState.Hit)
            : AskForTag(exchange, key, accepted, entry);
    }

    private async ValueTask<ServedManifest> AskForTag(Exchange exchange, TagKey key, AcceptedTypes accepted, TagEntry? entry)
    {
        var mark = writes.Mark(key.Repository);
        var question = fetcher.Question(exchange, accepted, key.Repository, mark);
        var answer = await fetcher.Share(
            entry is null ? question : question with { TooManyMisses = null },
            stop => entry is null ? Get(key, question, stop) : Revalidate(key, entry, question, stop),
            exchange.Aborted);
        if (answer is { Content: { } content, IsOfUpstream: true })
        {
            holdings.Learn(new Holding(key.Repository, content.Digest), mark);
        }

        return await Answer(exchange, answer);
    }

    private async Task<ManifestAnswer> Revalidate(TagKey key, TagEntry entry, ManifestQuestion question, CancellationToken cancellation)
    {
        var (accepted, fetch, mark) = (question.Accepted, question.Fetch, question.Mark);
        var (digest, error, _) = await fetcher.Ask(fetch, cancellation);
        if (digest is not null && stored.Find(key.Repository.Supplier.Tenant, fetch.Destination.Upstream, digest) is { } known)
        {
            tags.Learn(key, known, mark);
            return new ManifestAnswer(known, CacheState.Revalidated, null);
        }

        var answer = error is null ? await Get(key, question with { AsksFirst = false }, cancellation) : new ManifestAnswer(null, CacheState.Miss, error);
        if (answer.Error is { } failed && Outage.Is(failed) && tags.AgeOf(entry) < _ttl + _stale && accepted.Takes(entry.MediaType)
            && tags.Find(key) == entry && stored.Find(key.Repository.Supplier.Tenant, fetch.Destination.Upstream, entry.Digest) is { } old)
        {
            return new ManifestAnswer(old, CacheState.Stale, null) { IsOfCaller = failed.IsOfCaller };
        }

        if (answer.Error is { } no && Outage.IsRefusal(no))
        {
            tags.Forget(key);
        }

        return answer;
    }

    private async Task<ManifestAnswer> Get(TagKey key, ManifestQuestion question, CancellationToken cancellation)
    {
        var answer = await fetcher.GetNew(question, null, cancellation);
        if (answer is { Content: { } content, IsOfUpstream: true } && ManifestMediaType.Parse(content.MediaType) != ManifestTypes.None)
        {
            tags.Learn(key, content, question.Mark);
        }

        return answer;
    }

    private async ValueTask<ServedManifest> ByDigest(Exchange exchange, Digest digest)
    {
        var holding = Holding.Of(exchange, digest);
        var known = stored.Find(holding.Supplier.Tenant, exchange.Upstream, digest);
        if (known is not null && holdings.Knows(holding))
        {
            return await Write(exchange, known, CacheState.Hit);
        }

        var mark = writes.Mark(holding.Repository);
        var question = fetcher.Question(exchange, AcceptedTypes.Of(exchange.Context.Request.Headers.Accept), holding.Repository, mark);
        var answer = await fetcher.Share(
            known is null ? question : question with { TooManyMisses = null },
            stop => known is null ? fetcher.GetNew(question, digest, stop) : Confirm(holding, known, question.Fetch, stop),
            exchange.Aborted);
        if (answer is { Content: not null, IsOfUpstream: true })
        {
            holdings.Learn(holding, mark);
        }
        else if (answer.Error is { } no && Outage.IsRefusal(no))
        {
            holdings.Forget(holding);
        }

        return await Answer(exchange, answer);
    }

    /// <summary>The bytes are here: what is asked is whether this repository holds them.</summary>
    private async Task<ManifestAnswer> Confirm(Holding holding, ManifestContent content, Fetch fetch, CancellationToken cancellation)
    {
        var (_, error, isAnswered) = await fetcher.Ask(fetch, cancellation);
        error = isAnswered ? error : (await fetcher.Get(holding.Supplier, fetch, holding.Digest, cancellation)).Error;
        return error is null ? new ManifestAnswer(content, CacheState.Revalidated, null)
            : Outage.Is(error) && holdings.Knew(holding) ? new ManifestAnswer(content, CacheState.Hit, null) { IsOfCaller = error.IsOfCaller }
            : new ManifestAnswer(null, CacheState.Miss, error);
    }

    private ValueTask<ServedManifest> Answer(Exchange exchange, ManifestAnswer answer)
    {
        if (answer.Content is { } content)
        {
            return Write(exchange, content, answer.State);
        }

        exchange.Cache = answer.State;
        meter.Count(answer.State);
        return new(answer.Error is { } error ? new ServedManifest(error) : ServedManifest.Left);
    }

    private async ValueTask<ServedManifest> Write(Exchange exchange, ManifestContent content, CacheState state)
    {
        exchange.Cache = state;
        meter.Count(state);
        var response = exchange.Context.Response;
        if (state == CacheState.Stale)
        {
            response.Headers.Warning = StaleWarning;
        }

        if (ContentHead.Write(exchange.Context, content.Digest, content.ETag, content.MediaType, ContentHead.Never))
        {
            return default;
        }

        response.ContentLength = content.Bytes.Length;
        if (!exchange.IsHead)
        {
            meter.Saved(state is CacheState.Miss or CacheState.Bypass ? 0 : content.Bytes.Length);
            for (var sent = 0; sent < content.Bytes.Length; sent += PieceBytes)
            {
                // A slow reader holds what it has not read yet, and that is a piece, not the whole.
                await response.BodyWriter.WriteAsync(content.Bytes.AsMemory(sent, Math.Min(PieceBytes, content.Bytes.Length - sent)), exchange.Aborted);
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
