using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>
/// Writes, and has every gateway forget what was there: before, since an answer may be lost, and after, unless the upstream refused. What
/// is not sent is not told. Other routes may cache what this one does not, so every write is told.
/// </summary>
internal sealed class AnnouncedWrites(WriteAnnouncer announcer)
{
    /// <summary>Runs a write that changes what references lead to.</summary>
    /// <param name="request">Whose it is.</param>
    /// <param name="references">What changes.</param>
    /// <param name="write">Writes; what it gets is to be done right before something is sent.</param>
    public async Task<UpstreamResult> Run(
        RegistryRequest request, IReadOnlyList<ManifestReference> references,
        Func<Func<Task<DistributionError?>>?, Task<UpstreamResult>> write)
    {
        if (!request.Map.HasCache)
        {
            return await write(null);
        }

        UpstreamResult result = default;
        var (told, isTold) = (new List<Guid>(references.Count), false);
        try
        {
            return result = await write(Tell);
        }
        finally
        {
            var step = result.Answer is not null ? WriteStep.Done
                : !isTold || result.IsUnsent || IsRefused(request, result) ? WriteStep.Refused
                : WriteStep.Begun;
            foreach (var (reference, announced) in references.Zip(told))
            {
                await announcer.End(request.Destination, reference, announced, step);
            }
        }

        async Task<DistributionError?> Tell()
        {
            while (told.Count < references.Count)
            {
                if (await announcer.Begin(request.Destination, references[told.Count]) is not { } announced)
                {
                    return Untold();
                }

                told.Add(announced);
            }

            isTold = true;
            return null;
        }
    }

    /// <summary>Whether it is certain that the upstream wrote nothing, and will not.</summary>
    private static bool IsRefused(RegistryRequest request, in UpstreamResult result) =>
        !request.Aborted.IsCancellationRequested
        && (result.Error?.Status is >= 400 and < 500 || result.Refused is { Status: >= 400 and < 500, IsOfAnother: false });

    /// <summary>Nothing was written: other gateways would go on serving what was there before.</summary>
    private static DistributionError Untold() => DistributionError.Unavailable(
        StatusCodes.Status503ServiceUnavailable,
        "the cluster does not answer, so other gateways cannot be told of this change; nothing was changed, try again", 5);
}
