using RegistryProxy.Gateway.Cache.Invalidation;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>
/// Keeps the referrers tags of upstreams without a referrers API, as clients would (OCI distribution-spec, "Pushing Manifests with
/// Subject"): a client that is told so leaves it to us, any other one does it itself.
/// </summary>
internal sealed partial class ReferrersUpkeep(
    ReferrersSupport support, TaggedReferrers tagged, ListWriter lists, ReferrersTurns turns, AnnouncedWrites writes,
    ILogger<ReferrersUpkeep> logger)
{
    /// <summary>How often one change is tried while others change the list, too.</summary>
    public const int MaxTries = 5;

    private const string SubjectHeader = "OCI-Subject";

    /// <summary>A manifest was pushed; what it refers to, if that lists it now because of us.</summary>
    public async Task<Digest?> Pushed(RegistryRequest request, HttpResponseMessage answer, Digest digest, byte[] bytes)
    {
        if (answer.Headers.NonValidated.Contains(SubjectHeader))
        {
            support.Learn(request.Destination, has: true);
            return null;
        }

        var type = ManifestLabel.Of(request.Context.Request.ContentType ?? "", bytes);
        if (ReferringManifest.TryParse(type, bytes) is not { } manifest
            || await support.Query(request, manifest.Subject, request.Aborted) != false)
        {
            return null;
        }

        var referrer = manifest.Describe(type, digest, bytes.Length);
        return await Change(request, manifest.Subject, (index, _) => Task.FromResult(index.Lists(digest) ? null : index.With(referrer)))
            ? manifest.Subject : null;
    }

    /// <summary>A manifest is about to be deleted: what it refers to; <c>null</c> when no list of ours names it.</summary>
    public async Task<Digest?> SubjectOf(RegistryRequest request)
    {
        if (request.Path.Reference?.Digest is not { } digest || await support.Query(request, digest, request.Aborted) != false)
        {
            return null;
        }

        var (subject, error) = await tagged.SubjectOf(request, digest);
        if (error is { Status: not StatusCodes.Status404NotFound })
        {
            LogUnknown(request.Upstream.Name, digest.Value, request.Context.TraceIdentifier, error.Message);
        }

        return subject;
    }

    /// <summary>It was deleted; if it is there again, it stays listed.</summary>
    public Task Deleted(RegistryRequest request, Digest subject)
    {
        var digest = request.Path.Reference!.Digest!;
        return Change(request, subject, async (index, stop) => index.Lists(digest) && await tagged.IsGone(request, digest, stop)
            ? index.Without(referrer => referrer.Digest == digest.Value)
            : null);
    }

    /// <summary>Changes a list; whether it is so now.</summary>
    private async Task<bool> Change(
        RegistryRequest request, Digest subject, Func<ReferrersIndex, CancellationToken, Task<ReferrersIndex?>> change)
    {
        var (tag, isSo) = (ReferrersTag.Of(subject), false);
        var result = await writes.Run(request, [ManifestReference.Of(tag)], async before =>
        {
            if (before is not null && await before() is { } untold)
            {
                LogLeft(request.Upstream.Name, tag.Value, request.Context.TraceIdentifier, untold.Message);
                return new UpstreamResult(null, untold) { IsUnsent = true };
            }

            (var changed, isSo) = await InTurns(request, tag, change);
            return changed;
        });
        using (result.Answer)
        {
            if (result.Answer is not null)
            {
                request.ReferrersTag = tag;
            }

            return isSo;
        }
    }

    private async Task<(UpstreamResult Result, bool IsSo)> InTurns(
        RegistryRequest request, Tag tag, Func<ReferrersIndex, CancellationToken, Task<ReferrersIndex?>> change)
    {
        var (list, written, why) = ($"{request.Upstream.Address} {request.UpstreamName} {tag}", ListChange.Unsent,
            "other clients keep changing it");
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var (done, isAlone) = await turns.Run(
                list, isOurTurn => lists.Change(request, tag, change, isOurTurn), known => known.IsUnderWay, request.Aborted);
            if (done is { Result: { Answer: not null } or { IsUnsent: false } } sent
                && (written.Answer is null || sent.Result.Answer is not null))
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

        LogLeft(request.Upstream.Name, tag.Value, request.Context.TraceIdentifier, why);
        return (written, false);
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Upstream {Upstream}: the subject of {Digest} could not be read, so it stays in its referrers list " +
            "after request {RequestId}: {Cause}")]
    private partial void LogUnknown(string upstream, string digest, string requestId, string cause);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Upstream {Upstream}: the referrers tag {Tag} could not be updated in request {RequestId}: {Cause}")]
    private partial void LogLeft(string upstream, string tag, string requestId, string cause);
}
