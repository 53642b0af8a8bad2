using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Ranges;

/// <summary>What came of asking an upstream for parts of a blob: they, or one of the others.</summary>
internal readonly record struct RangesResult
{
    /// <summary>The parts, to be read, and disposed of.</summary>
    public OpenedRanges? Opened { get; init; }

    /// <summary>The error for the client.</summary>
    public DistributionError? Error { get; init; }

    /// <summary>Where the client is sent for them.</summary>
    public Uri? Redirect { get; init; }

    /// <summary>The upstream gives the whole blob alone.</summary>
    public static RangesResult Whole => default;

    public bool IsWhole => Opened is null && Error is null && Redirect is null;
}
