using Orleans.Concurrency;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// The configuration that the cluster follows: that of the highest revision it was ever offered; key 0. Internal: no client may call it.
/// </summary>
[Alias("rp.IRevisionGrain")]
internal interface IRevisionGrain : IGrainWithIntegerKey
{
    /// <summary>Compares what a silo has with what the cluster follows.</summary>
    [Alias("Compare"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<RevisionAnswer> Compare(long revision, string content);

    /// <summary>Offers a configuration of a higher revision; returns what the cluster follows after that.</summary>
    [Alias("Offer"), ResponseTimeout("00:00:05")]
    ValueTask<RevisionAnswer> Offer(ClusterRevision offered);
}

/// <summary>What the cluster follows.</summary>
/// <param name="IsBehind">Whether the silo that asks knows a higher revision and should offer it.</param>
/// <param name="Followed"><c>null</c> when the silo has it already.</param>
[GenerateSerializer, Immutable, Alias("rp.revision-answer")]
internal sealed record RevisionAnswer([property: Id(0)] bool IsBehind, [property: Id(1)] ClusterRevision? Followed);

/// <summary>The shared sections of a configuration under their revision.</summary>
[GenerateSerializer, Immutable, Alias("rp.cluster-revision")]
internal sealed record ClusterRevision([property: Id(0)] long Revision, [property: Id(1)] string Content, [property: Id(2)] Secret Text);
