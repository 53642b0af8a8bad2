using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Configuration;

/// <summary>What is kept of the file of a silo.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.silo-file-state")]
internal sealed record SiloFileState : IExpiringState
{
    /// <summary>How long it is kept after the last word of the silo.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(90);

    /// <summary>Of so many contents it is known on what they follow.</summary>
    public const int MaxSeen = 1000;

    [Id(0)]
    public string? Content { get; init; }

    [Id(1)]
    public DateTimeOffset Kept { get; init; }

    /// <summary>What silos came with that replace each other, the oldest first.</summary>
    [Id(2)]
    public IReadOnlyList<SeenContent> Seen { get; init; } = [];

    public DateTimeOffset? KeepUntil => Kept + Life;

    /// <summary>After the cluster followed a content.</summary>
    public SiloFileState Keep(string content, DateTimeOffset now) =>
        Content == content && now - Kept < Life / 8 ? this : this with { Content = content, Kept = now };

    /// <summary>After a silo came with a content; and what that follows on.</summary>
    public (SiloFileState Next, string? Former) See(string content) =>
        Content is null || Content == content ? (this, Content)
        : Seen.FirstOrDefault(seen => seen.Content == content) is { } known ? (this, known.Former)
        : (this with { Seen = [.. Seen.Skip(Seen.Count + 1 - MaxSeen), new SeenContent(content, Content)] }, Content);
}

/// <summary>What names a content, and that which was in force when it first came.</summary>
[GenerateSerializer, Immutable, Alias("rp.seen-content")]
internal sealed record SeenContent([property: Id(0)] string Content, [property: Id(1)] string Former);
