using System.Collections.Concurrent;
using RegistryProxy.Gateway.Distribution;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache;

/// <summary>Asks upstreams for manifests: those who want the same one at the same time share the question, which no client's leaving ends.</summary>
internal sealed class ManifestFetcher(UpstreamFetcher fetcher, StoredManifests stored, CacheMeter meter, TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<FlightKey, Lazy<Task<ManifestAnswer>>> _flights = new();

    /// <summary>Joins the question that is under way, or asks.</summary>
    public async Task<ManifestAnswer> Share(FlightKey key, Func<Task<ManifestAnswer>> ask, CancellationToken cancellation)
    {
        return await _flights.GetOrAdd(key, Begin).Value.WaitAsync(cancellation);

        // It ends by itself, whoever is still waiting: an answer is for those who asked before it came.
        Lazy<Task<ManifestAnswer>> Begin(FlightKey _)
        {
            Lazy<Task<ManifestAnswer>> flight = null!;
            return flight = new(() => Task.Run(async () =>
            {
                try
                {
                    return await ask();
                }
                finally
                {
                    _flights.TryRemove(KeyValuePair.Create(key, flight));
                }
            }));
        }
    }

    /// <summary>Asks with HEAD, which no upstream counts; the digest, if it says one.</summary>
    public async Task<(Digest? Digest, DistributionError? Error)> Ask(Fetch fetch)
    {
        var (answer, error) = await fetcher.Ask(fetch, CancellationToken.None);
        using (answer)
        {
            return (answer is null ? null : DigestOf(answer), error);
        }
    }

    /// <summary>Asks with GET for a tenant, and keeps what comes if it is what its digest says.</summary>
    public async Task<ManifestAnswer> Get(string tenant, Fetch fetch, Digest? digest)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        var (answer, error) = await fetcher.Send(fetch, HttpMethod.Get, null, timeout.Token);
        if (answer is null)
        {
            return new ManifestAnswer(null, CacheState.Miss, error);
        }

        using (answer)
        {
            try
            {
                var bytes = await BoundedBody.Read(answer, (int)WriteOperations.MaxManifestBytes, timeout.Token);
                return Keep(tenant, fetch, digest ?? DigestOf(answer) ?? ManifestContent.DigestOf(bytes), answer, bytes);
            }
            catch (BodyTooLargeException)
            {
                return new ManifestAnswer(null, CacheState.Bypass, null);
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException)
            {
                return new ManifestAnswer(null, CacheState.Miss, UpstreamErrors.Unanswered(fetch.Destination.Upstream, fault));
            }
        }
    }

    private ManifestAnswer Keep(string tenant, Fetch fetch, Digest digest, HttpResponseMessage answer, byte[] bytes)
    {
        var mediaType = answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type) ? type.ToString() : "application/octet-stream";
        if (!ManifestMediaType.IsOf(bytes, mediaType))
        {
            return new ManifestAnswer(null, CacheState.Bypass, null);
        }

        if (ManifestContent.Of(digest, mediaType, bytes) is { } content)
        {
            stored.Add(tenant, content);
            return new ManifestAnswer(content, CacheState.Miss, null);
        }

        meter.Corrupt();
        return new ManifestAnswer(null, CacheState.Miss, DistributionError.Unavailable(
            502, $"upstream '{fetch.Destination.Upstream.Name}' sent a manifest that is not what its digest says", 5));
    }

    private static Digest? DigestOf(HttpResponseMessage answer) =>
        answer.Headers.NonValidated.TryGetValues("Docker-Content-Digest", out var values) && Digest.TryParse(values.ToString(), out var digest) ? digest : null;
}

/// <summary>What makes two questions the same; after a write it is another one.</summary>
internal readonly record struct FlightKey(string Tenant, string Upstream, string Repository, string Reference, string Accept, long Writes, long Breaks);

/// <summary>A manifest, where it came from, or the error for the client; neither when it must be streamed past the cache.</summary>
internal sealed record ManifestAnswer(ManifestContent? Content, CacheState State, DistributionError? Error)
{
    /// <summary>Whether the upstream said just now that it is so.</summary>
    public bool IsOfUpstream => State is CacheState.Miss or CacheState.Revalidated;
}
