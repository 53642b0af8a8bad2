using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// The configuration that the cluster follows: that of the highest revision it was ever offered, or what followed on it; key 0. Internal:
/// no client may call it.
/// </summary>
[Version(1), Alias("rp.IRevisionGrain")]
internal interface IRevisionGrain : IGrainWithIntegerKey
{
    /// <summary>Compares what a silo has with what the cluster follows.</summary>
    [Alias("Compare"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<RevisionAnswer> Compare(long revision, string content);

    /// <summary>Offers a configuration of a higher revision; returns what the cluster follows after that.</summary>
    [Alias("Offer"), ResponseTimeout("00:00:05")]
    ValueTask<RevisionAnswer> Offer(ClusterRevision offered);

    /// <summary>
    /// Proposes what follows on a content, or what the cluster follows first; returns what it follows after that. Repeated it is the same.
    /// </summary>
    [Alias("Propose"), ResponseTimeout("00:00:05")]
    ValueTask<RevisionAnswer> Propose(ClusterRevision proposed, string former);

    /// <summary>Lets a content count that a silo has, whatever was before; returns what the cluster follows now.</summary>
    [Alias("Accept"), ResponseTimeout("00:00:05")]
    ValueTask<FollowedContent> Accept(string content);

    /// <summary>What the cluster follows now.</summary>
    [Alias("Followed"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<FollowedContent> Followed();
}

/// <summary>What names that which the cluster follows.</summary>
/// <param name="Revision">0 while it follows nothing.</param>
/// <param name="Content">Empty while it follows nothing.</param>
[GenerateSerializer, Immutable, Alias("rp.followed-content")]
public sealed record FollowedContent([property: Id(0)] long Revision, [property: Id(1)] string Content);

/// <summary>What the cluster follows.</summary>
/// <param name="IsBehind">Whether the silo that asks knows a higher revision and should offer it.</param>
/// <param name="Followed"><c>null</c> when the silo has it already.</param>
[GenerateSerializer, Immutable, Alias("rp.revision-answer")]
internal sealed record RevisionAnswer([property: Id(0)] bool IsBehind, [property: Id(1)] ClusterRevision? Followed)
{
    /// <summary>What an operator accepted: a silo that has it should propose it; <c>null</c> for nothing.</summary>
    [Id(2)]
    public string? Accepted { get; init; }
}

/// <summary>The shared sections of a configuration under their revision.</summary>
[GenerateSerializer, Immutable, Alias("rp.cluster-revision")]
internal sealed record ClusterRevision([property: Id(0)] long Revision, [property: Id(1)] string Content, [property: Id(2)] Secret Text)
{
    /// <summary>The texts of included files and of tenants; <c>null</c> for none.</summary>
    [Id(3)]
    public IReadOnlyList<ClusterPart>? Parts { get; init; }

    public static ClusterRevision Of(long revision, SharedSections sections) => new(revision, sections.Content, sections.Text)
    {
        Parts = sections.Parts.Count == 0 ? null : [.. sections.Parts.Select(part => new ClusterPart(part.Name, part.File, part.Text))],
    };

    public SharedSections ToSections() => new(
        Text, Content, [.. (Parts ?? []).Select(part => new PartText(part.Name, part.File, part.Text))]);
}

/// <summary>The text of a file beside the main one.</summary>
[GenerateSerializer, Immutable, Alias("rp.cluster-part")]
internal sealed record ClusterPart([property: Id(0)] string Name, [property: Id(1)] string File, [property: Id(2)] Secret Text);
