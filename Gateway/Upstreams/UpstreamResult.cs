using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>What came of a request: an answer, which the caller disposes of, or the error for the client.</summary>
/// <param name="Answer">Its body is still to be read.</param>
/// <param name="Error">Set when there is no answer.</param>
internal readonly record struct UpstreamResult(HttpResponseMessage? Answer, DistributionError? Error)
{
    /// <summary>Where the answer sends the client; <c>null</c> when it is no redirect.</summary>
    public Uri? Redirect { get; init; }

    /// <summary>Of a write: whether it is certain that the upstream got nothing of it.</summary>
    public bool IsUnsent { get; init; }

    /// <summary>Whether it answered, and nobody can read what: a write may have succeeded.</summary>
    public bool IsIllegible { get; init; }

    /// <summary>What the upstream answered; <c>null</c> when it was not asked, or did not answer.</summary>
    public RefusedAnswer? Refused { get; init; }

    /// <summary>What an operator must know of the error; <c>null</c> when the error says it.</summary>
    public FailureCause? Cause { get; init; }
}
