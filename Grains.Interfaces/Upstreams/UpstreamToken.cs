using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>What opens an upstream for a scope: the value of the Authorization header, for a while.</summary>
[GenerateSerializer, Immutable, Alias("rp.upstream-grant")]
public sealed record UpstreamToken
{
    /// <summary><c>Bearer …</c> or <c>Basic …</c>; <c>null</c> when the upstream wants none.</summary>
    [Id(0)]
    public Secret? Authorization { get; init; }

    /// <summary>Rises with every replacement.</summary>
    [Id(1)]
    public required long Generation { get; init; }

    /// <summary>From here on a gateway asks for a newer token in the background while it uses this one.</summary>
    [Id(2)]
    public required DateTimeOffset RefreshAfter { get; init; }

    /// <summary>The token must not be used from here on.</summary>
    [Id(3)]
    public required DateTimeOffset Expires { get; init; }

    /// <summary>
    /// A refusal before this time is not cured by a replacement: the token was replaced already and refused again.
    /// <see cref="DateTimeOffset.MinValue"/> while nothing was refused.
    /// </summary>
    [Id(4)]
    public DateTimeOffset ReplaceableFrom { get; init; } = DateTimeOffset.MinValue;

    /// <summary>
    /// The origin that it opens, as <see cref="HttpOrigin.ToString"/> has it: it is sent nowhere else, wherever the upstream is by now.
    /// <c>null</c> from a version that does not say.
    /// </summary>
    [Id(5)]
    public string? Origin { get; init; }

    /// <summary>Whether it may be sent to an origin: where nothing is sent, anywhere.</summary>
    public bool IsFor(HttpOrigin origin) => Authorization is null || Origin is null || Origin == origin.ToString();

    /// <summary>Whether the upstream took it; known where it was sent alone.</summary>
    [field: NonSerialized]
    public bool WasAccepted { get; set; }
}

/// <summary>A token, or why there is none.</summary>
[GenerateSerializer, Immutable, Alias("rp.upstream-grant-result")]
public sealed record UpstreamTokenResult
{
    [Id(0)]
    public UpstreamToken? Token { get; init; }

    [Id(1)]
    public UpstreamFailure? Failure { get; init; }

    public static UpstreamTokenResult Of(UpstreamToken token) => new() { Token = token };

    public static UpstreamTokenResult Of(UpstreamFailure failure) => new() { Failure = failure };
}

/// <summary>Why an upstream cannot be opened.</summary>
/// <param name="Kind">What sort of failure.</param>
/// <param name="Message">For clients: names the upstream as configured, never an address, a file or a credential.</param>
/// <param name="RetryAfterSeconds">When it may be worth while to ask again; 0 when that is not known.</param>
[GenerateSerializer, Immutable, Alias("rp.upstream-failure")]
public sealed record UpstreamFailure(
    [property: Id(0)] UpstreamFailureKind Kind,
    [property: Id(1)] string Message,
    [property: Id(2)] int RetryAfterSeconds)
{
    /// <summary>For operators: what clients are told, with the file or variable that it is about. Never a credential.</summary>
    [Id(3)]
    public string Detail { get; init; } = Message;

    /// <summary>
    /// Whether it stays until somebody mends it, such as a certificate that is not trusted: clients are not told to come back.
    /// </summary>
    [Id(4)]
    public bool IsLasting { get; init; }

    /// <summary>
    /// A word for the count of failures, such as <c>connect</c> or <c>tls</c>; <c>null</c> for that of <see cref="Kind"/>.
    /// </summary>
    [Id(5)]
    public string? Cause { get; init; }

    /// <summary>
    /// Whether the upstream has just been edited and nobody was asked: it says nothing of the upstream, its credential, or who asks.
    /// </summary>
    [Id(6)]
    public bool IsOfEdit { get; init; }

    /// <summary>
    /// Whether it is about the one scope that was asked for, of which whoever asked tells operators; by default the silos have told them.
    /// </summary>
    [Id(7)]
    public bool IsOfScope { get; init; }

    /// <summary>Not all who must know of it know of the edit of an upstream.</summary>
    public static UpstreamFailure Edited(string upstream) =>
        new(UpstreamFailureKind.Unreachable, $"upstream '{upstream}' has just been edited, try again", 1) { IsOfEdit = true };
}

/// <summary>The kinds of <see cref="UpstreamFailure"/>.</summary>
[GenerateSerializer, Alias("rp.upstream-failure-kind")]
public enum UpstreamFailureKind
{
    /// <summary>No answer, or a 5xx: 503.</summary>
    Unreachable,

    /// <summary>The upstream or its token endpoint refuses our credentials: 502.</summary>
    Refused,

    /// <summary>The upstream asks for something that the configuration does not allow, such as a foreign realm: 502.</summary>
    Misconfigured,

    /// <summary>The token endpoint throttles us: 429.</summary>
    Throttled,
}
