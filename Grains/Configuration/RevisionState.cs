using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Configuration;

/// <summary>What is kept of the configuration: what the cluster follows, and what it followed before.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.revision-state")]
internal sealed record RevisionState : IExpiringState
{
    /// <summary>So many former ones are known whatever their age.</summary>
    private const int KeptFormer = 1000;

    /// <summary>No more are known.</summary>
    public const int MaxFormer = 10_000;

    /// <summary>For so long a former one is known.</summary>
    public static readonly TimeSpan FormerLife = TimeSpan.FromDays(90);

    /// <summary>For so long a silo may bring what an operator accepted.</summary>
    public static readonly TimeSpan AcceptedLife = TimeSpan.FromMinutes(10);

    [Id(0)]
    public ClusterRevision? Followed { get; init; }

    /// <summary>Oldest first.</summary>
    [Id(1)]
    public IReadOnlyList<FormerContent>? Former { get; init; }

    /// <summary>What an operator accepted and no silo has brought since.</summary>
    [Id(2)]
    public FormerContent? Accepted { get; init; }

    public DateTimeOffset? KeepUntil => null;

    /// <summary>After a silo offered a configuration under a revision of its own.</summary>
    public RevisionState Offer(ClusterRevision offered, DateTimeOffset now) =>
        Followed is { } followed && offered.Revision <= followed.Revision ? this : Follow(offered, now);

    /// <summary>
    /// After a silo proposed what it would have follow on something: it counts if that is in force, and the new one was not before, or if
    /// an operator accepted it.
    /// </summary>
    public RevisionState Propose(ClusterRevision proposed, string former, DateTimeOffset now) =>
        Followed is not { } followed ? Follow(proposed, now)
        : proposed.Revision <= followed.Revision || proposed.Content == followed.Content ? this
        : IsAccepted(proposed.Content, now)
            || (former == followed.Content && !(Former ?? []).Any(known => known.Content == proposed.Content)) ? Follow(proposed, now)
        : this;

    /// <summary>After an operator accepted a content; what is in force already takes back another that no silo has brought.</summary>
    public RevisionState Accept(string content, DateTimeOffset now) =>
        Followed?.Content != content ? this with { Accepted = new FormerContent(content, now) }
        : Accepted is null ? this : this with { Accepted = null };

    /// <summary>Whether an operator accepted a content that no silo has brought since.</summary>
    public bool IsAccepted(string content, DateTimeOffset now) => Accepted?.Content == content && now - Accepted.At < AcceptedLife;

    /// <summary>What a silo is told that has something.</summary>
    public RevisionAnswer Answer(long revision, string content, DateTimeOffset now) =>
        Followed is not { } followed || revision > followed.Revision
            ? new RevisionAnswer(IsBehind: true, null) : Tell(revision, content, now);

    /// <summary>What a silo is told that offered or proposed something, whether it counts or not.</summary>
    public RevisionAnswer Tell(long revision, string content, DateTimeOffset now) => new(
        IsBehind: false, Followed is { } followed && (revision != followed.Revision || content != followed.Content) ? followed : null)
    {
        Accepted = Accepted is { } accepted && IsAccepted(accepted.Content, now) ? accepted.Content : null,
    };

    private RevisionState Follow(ClusterRevision next, DateTimeOffset now)
    {
        var former = Followed is not { } followed ? Former ?? []
            : [.. (Former ?? []).Where(known => known.Content != followed.Content), new FormerContent(followed.Content, now)];
        return new RevisionState
        {
            Followed = next,
            Former = [.. former.Where((known, i) => i >= former.Count - MaxFormer
                && (i >= former.Count - KeptFormer || now - known.At < FormerLife))],
            Accepted = Accepted?.Content == next.Content ? null : Accepted,
        };
    }
}

/// <summary>What names a content, and when it ceased to be in force, or was accepted.</summary>
[GenerateSerializer, Immutable, Alias("rp.former-content")]
internal sealed record FormerContent([property: Id(0)] string Content, [property: Id(1)] DateTimeOffset At);
