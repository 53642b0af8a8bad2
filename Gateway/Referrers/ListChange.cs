using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>What became of one try to change a list.</summary>
/// <param name="IsSo">Whether it is now as it should be.</param>
/// <param name="Result">What the upstream answered; one that was not sent when there was nothing to change.</param>
/// <param name="Failure">Why it is of no use to try again; <c>null</c> when it may be.</param>
internal sealed record ListChange(bool IsSo, UpstreamResult Result, DistributionError? Failure)
{
    public static ListChange None { get; } = new(true, Unsent, null);

    public static UpstreamResult Unsent => new(null, null) { IsUnsent = true };

    public static ListChange Failed(DistributionError why) => new(false, Unsent, why);

    /// <summary>The turn is somebody else's by now: nothing was written.</summary>
    public static ListChange Late { get; } = new(false, Unsent, null);

    /// <summary>Whether the upstream may write it yet: it was sent, and nothing is known of it.</summary>
    public bool IsUnderWay => Result is { Answer: null, Refused: null, IsUnsent: false };

    /// <summary>Somebody else changed the list since it was read: what a condition of ours said is not so any more.</summary>
    public static ListChange Of(in UpstreamResult result) => new(
        result.Answer is not null, result, result is { Answer: null, Refused: not { Status: StatusCodes.Status412PreconditionFailed } }
            ? result.Error : null);
}
