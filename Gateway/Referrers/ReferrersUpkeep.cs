using RegistryProxy.Gateway.Cache.Invalidation;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>
/// Keeps the referrers tags of upstreams without a referrers API, as clients would (OCI distribution-spec, "Pushing Manifests with Subject"):
/// a client that is told so leaves it to us, any other one does it itself.
/// </summary>
internal sealed partial class ReferrersUpkeep(
    ReferrersSupport support, TaggedReferrers tagged, ListWriter lists, ReferrersTurns turns, AnnouncedWrites writes, ILogger<ReferrersUpkeep> logger)
{
    /// <summary>How often one change is tried while others change the list, too.</summary>
    public const int MaxTries = 5;

    private const string SubjectHeader = "OCI-Subject";

    /// <summary>A manifest was pushed; what it refers to, if that lists it now because of us.</summary>
    public async Task<Digest?> Pushed(Exchange exchange, HttpResponseMessage answer, Digest digest, byte[] bytes)
    {
        if (answer.Headers.NonValidated.Contains(SubjectHeader))
        {
            support.Learn(exchange.Destination, has: true);
            return null;
        }

        var type = MediaType.EssenceOf(exchange.Context.Request.ContentType ?? "");
        if (ReferringManifest.TryParse(type, bytes) is not { } manifest || await support.Ask(exchange, manifest.Subject, exchange.Aborted) != false)
        {
            return null;
        }

        var referrer = manifest.Describe(type, digest, bytes.Length);
        return await Change(exchange, manifest.Subject, (index, _) => Task.FromResult(index.Lists(digest) ? null : index.With(referrer))) ? manifest.Subject : null;
    }

    /// <summary>A manifest is about to be deleted: what it refers to; <c>null</c> when no list of ours names it.</summary>
    public async Task<Digest?> SubjectOf(Exchange exchange)
    {
        if (exchange.Path.Reference?.Digest is not { } digest || await support.Ask(exchange, digest, exchange.Aborted) != false)
        {
            return null;
        }

        return await tagged.SubjectOf(exchange, digest);
    }

    /// <summary>It was deleted; if it is there again, it stays listed.</summary>
    public Task Deleted(Exchange exchange, Digest subject)
    {
        var digest = exchange.Path.Reference!.Digest!;
        return Change(exchange, subject, async (index, stop) => index.Lists(digest) && await tagged.IsGone(exchange, digest, stop)
            ? index.Without(referrer => referrer.Digest == digest.Value)
            : null);
    }

    /// <summary>Changes a list; whether it is so now.</summary>
    private async Task<bool> Change(Exchange exchange, Digest subject, Func<ReferrersIndex, CancellationToken, Task<ReferrersIndex?>> change)
    {
        var (tag, isSo) = (ReferrersTag.Of(subject), false);
        var result = await writes.Run(exchange, [ManifestReference.Of(tag)], async before =>
        {
            if (before is not null && await before() is { } untold)
            {
                LogLeft(exchange.Upstream.Name, tag.Value, exchange.Context.TraceIdentifier, untold.Message);
                return new UpstreamResult(null, untold) { IsUnsent = true };
            }

            (var changed, isSo) = await InTurns(exchange, tag, change);
            return changed;
        });
        using (result.Answer)
        {
            if (result.Answer is not null)
            {
                exchange.ReferrersTag = tag;
            }

            return isSo;
        }
    }

    private async Task<(UpstreamResult Result, bool IsSo)> InTurns(Exchange exchange, Tag tag, Func<ReferrersIndex, CancellationToken, Task<ReferrersIndex?>> change)
    {
        var (list, written, why) = ($"{exchange.Upstream.Address} {exchange.UpstreamName} {tag}", ListChange.Unsent, "others change it all the time");
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var (done, isAlone) = await turns.Run(
                list, isOurTurn => lists.Change(exchange, tag, change, isOurTurn), known => known.IsUnderWay, exchange.Aborted);
            if (done is { Result: { Answer: not null } or { IsUnsent: false } } sent && (written.Answer is null || sent.Result.Answer is not null))
            {
                written.Answer?.Dispose();
                written = sent.Result;
            }

            if (done is { IsSo: true } && isAlone)
            {
                return (written, true);
            }

            if (done is null || done.Failure is not null)
            {
                why = done?.Failure?.Message ?? "its turn did not come";
                break;
            }
        }

        LogLeft(exchange.Upstream.Name, tag.Value, exchange.Context.TraceIdentifier, why);
        return (written, false);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "At upstream {Upstream} the referrers tag {Tag} was not brought up to date in request {RequestId}: {Cause}")]
    private partial void LogLeft(string upstream, string tag, string requestId, string cause);
}
