using System.Net;
using RegistryProxy.Background;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Network;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Manifests;

/// <summary>
/// Asks upstreams for manifests. Those who want the same one at the same time share the question; it ends when the last of them has left.
/// </summary>
internal sealed class ManifestFetcher(
    UpstreamFetcher fetcher, StoredManifests stored, ManifestRefusals refusals, CacheMeter meter, TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly WantedFlights<FlightKey, ManifestAnswer> _flights = new();

    /// <summary>
    /// A question by the request: whoever takes unusual types, or has missed before, or asks where others did or where unusual types are,
    /// has it asked with HEAD first.
    /// </summary>
    public ManifestQuestion Question(RegistryRequest request, AcceptedTypes accepted, in TenantRepository repository, in WriteMark mark)
    {
        var accept = accepted.ToUpstream(request.Context.Request.Headers.Accept);
        var fetch = Fetch.Manifest(request, request.Path.Reference!, accept);
        return new ManifestQuestion(repository, request.Path.Reference!, accepted, fetch, mark)
        {
            AsksFirst = !accepted.AreUsual || request.HasMissed || refusals.IsDoubtful(repository),
            TooManyMisses = accepted.AreUsual ? null : request.TooManyMisses,
        };
    }

    /// <summary>
    /// Joins the question that is under way, or asks. It goes on for as long as anybody waits for its answer. What is refused to who asked
    /// alone, those who joined ask again.
    /// </summary>
    public async Task<ManifestAnswer> Share(
        ManifestQuestion question, Func<CancellationToken, Task<ManifestAnswer>> ask, CancellationToken cancellation)
    {
        if ((refusals.Find(question.RefusalKey) ?? question.TooManyMisses) is { } refused)
        {
            return new ManifestAnswer(null, CacheState.Miss, refused);
        }

        var answer = await _flights.Join(
            question.FlightKey, ask, static answer => answer.IsOfCaller, joinsBegun: question.FlightKey.Epoch is not null, cancellation);
        if (answer.Error is { Status: StatusCodes.Status404NotFound or StatusCodes.Status406NotAcceptable } no)
        {
            refusals.Learn(question.RefusalKey, question.Accepted, no, question.Mark);
        }
        else if (question.Reference.Tag is not null
            && answer.Content is { } content && ManifestMediaType.Parse(content.MediaType) == ManifestTypes.None)
        {
            refusals.Doubt(question.Repository);
        }

        return answer;
    }

    /// <summary>
    /// Asks with HEAD, which no upstream counts; the digest, if it says one, or the error; neither when only a GET can tell.
    /// </summary>
    public async Task<(Digest? Digest, DistributionError? Error, bool IsAnswered)> Head(Fetch fetch, CancellationToken cancellation)
    {
        if (await fetcher.Head(fetch, cancellation) is not var (answer, error))
        {
            return (null, null, false);
        }

        using (answer)
        {
            return (answer is null ? null : DigestOf(answer), error, true);
        }
    }

    /// <summary>Asks for a manifest that nothing is known of.</summary>
    public async Task<ManifestAnswer> GetNew(ManifestQuestion question, Digest? digest, CancellationToken cancellation)
    {
        if (question.AsksFirst)
        {
            var (said, error, _) = await Head(question.Fetch, cancellation);
            if (error is not null)
            {
                return new ManifestAnswer(null, CacheState.Miss, error);
            }

            if (digest is null && said is not null
                && stored.Find(question.Repository.Supplier.Tenant, question.Fetch.Destination.Upstream, said) is { } known)
            {
                return new ManifestAnswer(known, CacheState.Revalidated, null);
            }
        }

        return await Get(question.Repository.Supplier, question.Fetch, digest, cancellation);
    }

    /// <summary>Asks with GET for a tenant, and keeps what comes if it is what its digest says.</summary>
    public async Task<ManifestAnswer> Get(Supplier supplier, Fetch fetch, Digest? digest, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        var (answer, error) = await fetcher.Get(fetch, either.Token);
        if (answer is null)
        {
            return new ManifestAnswer(null, CacheState.Miss, error);
        }

        using (answer)
        {
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                return new ManifestAnswer(
                    null, CacheState.Miss, Odd(fetch, $"answered {(int)answer.StatusCode} to a request for a manifest"));
            }

            try
            {
                var bytes = await BoundedBody.Read(answer, (int)Manifest.MaxBytes, either.Token);
                var kept = Keep(supplier, fetch, digest, answer, bytes);
                fetcher.Tell(fetch, answer, kept.Error);
                return kept;
            }
            catch (BodyTooLargeException)
            {
                return new ManifestAnswer(null, CacheState.Bypass, null);
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException)
            {
                fetcher.Tell(fetch, answer, fault);
                return new ManifestAnswer(null, CacheState.Miss, UpstreamErrors.Unanswered(fetch.Destination.Upstream, fault));
            }
        }
    }

    /// <summary>
    /// What a digest names is checked whatever its type. What a tag names has the digest of its bytes, whatever the upstream says of it;
    /// what is of no known type is kept by its digest, and never as what a tag leads to. One whose type is the upstream's word alone, or
    /// not what it says itself, is kept for those alone who believe that upstream.
    /// </summary>
    private ManifestAnswer Keep(in Supplier supplier, Fetch fetch, Digest? digest, HttpResponseMessage answer, byte[] bytes)
    {
        var mediaType = ManifestLabel.Of(MediaTypeOf(answer), bytes);
        if (digest is null && PulledManifest.IsNone(answer, bytes))
        {
            return new ManifestAnswer(null, CacheState.Miss, Odd(fetch, "sent something that is no manifest"));
        }

        var isKnown = ManifestMediaType.IsOf(bytes, mediaType);
        var content = digest is { } named
            ? ManifestContent.Of(named, mediaType, bytes)
            : ManifestContent.Of(isKnown ? ContentDigest.OfManifest(DigestOf(answer), mediaType, bytes)
                : ContentDigest.OfManifest(null, mediaType, bytes), mediaType, bytes);
        if (content is null)
        {
            meter.Corrupt();
            return new ManifestAnswer(null, CacheState.Miss, Odd(fetch, "sent a manifest that does not match its digest"));
        }

        if (!isKnown)
        {
            var isItsOwn = ManifestMediaType.Declares(bytes, mediaType);
            if (isItsOwn)
            {
                stored.Add(supplier, content);
            }

            if (digest is null && ResponseHeaders.IsEncoded(answer))
            {
                return new ManifestAnswer(null, CacheState.Miss, Odd(fetch, "sent an encoded body, which would break its digest"));
            }

            if (isItsOwn || !ManifestMediaType.IsMislabelled(bytes, mediaType))
            {
                if (!isItsOwn && mediaType != ManifestMediaType.Unknown)
                {
                    stored.Add(supplier, content.OfItsSupplier());
                }

                return new ManifestAnswer(content, CacheState.Bypass, null);
            }

            content = content.OfItsSupplier();
        }

        stored.Add(supplier, content);
        return new ManifestAnswer(content, CacheState.Miss, null);
    }

    private static DistributionError Odd(Fetch fetch, string what) =>
        DistributionError.Unavailable(StatusCodes.Status502BadGateway, $"upstream '{fetch.Destination.Upstream.Name}' {what}", 5)
            with { Oddity = $"it {what}" };

    private static string MediaTypeOf(HttpResponseMessage answer) =>
        answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type) && HeaderText.IsClean(type.ToString())
            ? MediaType.EssenceOf(type.ToString()) : ManifestMediaType.Unknown;

    private static Digest? DigestOf(HttpResponseMessage answer) =>
        answer.Headers.NonValidated.TryGetValues("Docker-Content-Digest", out var values)
            && Digest.TryParse(values.ToString(), out var digest) ? digest : null;
}

/// <summary>
/// What makes two questions the same; after a write it is another one. Where writes are not heard of, nobody joins a question that was
/// asked before he came.
/// </summary>
internal readonly record struct FlightKey(TenantRepository Repository, ManifestReference Reference, string Accept, WriteEpoch? Epoch);

/// <summary>A manifest, where it came from, or the error for the client; neither when it is too large to be read here.</summary>
internal sealed record ManifestAnswer(ManifestContent? Content, CacheState State, DistributionError? Error)
{
    /// <summary>Whether it came of a refusal that is about who asked, and nobody else.</summary>
    public bool IsOfCaller { get => field || Error is { IsOfCaller: true }; init; }

    /// <summary>Whether the upstream said just now that it is so.</summary>
    public bool IsOfUpstream => State is CacheState.Miss or CacheState.Revalidated;
}
