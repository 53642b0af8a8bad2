using Orleans.CodeGeneration;
using RegistryProxy.Configuration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Managed;

/// <summary>
/// The part of one managed tenant with its history; the key is the tenant's name. Whoever changes it has seen that the caller may, and that
/// the text is a good one. Internal: no client may call it.
/// </summary>
[Version(1), Alias("rp.IManagedPartGrain")]
internal interface IManagedPartGrain : IGrainWithStringKey
{
    /// <summary>What is in it now, for certain; <c>null</c> when nobody has written it. Silos of the version before call it.</summary>
    [Alias("Current"), ResponseTimeout("00:00:08")]
    ValueTask<ManagedVersion?> Current();

    /// <summary>What is in it now, for certain, and whose it is.</summary>
    [Alias("Read"), ResponseTimeout("00:00:08")]
    ValueTask<ManagedRecord> Read();

    /// <summary>What is in it and what was before, the newest first.</summary>
    [Alias("Versions"), ResponseTimeout("00:00:08")]
    ValueTask<IReadOnlyList<ManagedVersion>> Versions();

    /// <summary>The same without the texts, which are empty.</summary>
    [Alias("Titles"), ResponseTimeout("00:00:08")]
    ValueTask<IReadOnlyList<ManagedVersion>> Titles();

    /// <summary>
    /// Writes a text when the newest version is the one that it was made for; returns the newest version after that, which is another one
    /// when it was not.
    /// </summary>
    [Alias("Write"), ResponseTimeout("00:00:15")]
    ValueTask<ManagedVersion?> Write(ManagedOrder order);

    /// <summary>Notes whose part it is now, when there is one; that of somebody else is left as it is.</summary>
    [Alias("Own"), ResponseTimeout("00:00:08")]
    ValueTask Own(ManagedOwner owner);

    /// <summary>Drops the part with its history; returns how many versions it had.</summary>
    [Alias("Forget"), ResponseTimeout("00:00:15")]
    ValueTask<int> Forget();
}

/// <summary>The part of a tenant as the state has it.</summary>
/// <param name="Newest">Its newest version; <c>null</c> for none.</param>
/// <param name="Owner">Whose it is; <c>null</c> when that was never stored.</param>
[GenerateSerializer, Immutable, Alias("rp.managed-record")]
internal sealed record ManagedRecord([property: Id(0)] ManagedVersion? Newest, [property: Id(1)] ManagedOwner? Owner)
{
    /// <summary>Whether it was written for somebody else, who had the tenant's name before.</summary>
    public bool IsOfAnother(PartOwner owner) => Newest is not null && Owner is { } known && !known.ToOwner().MayBe(owner);
}

/// <summary>Whose part it is: <see cref="PartOwner"/>.</summary>
[GenerateSerializer, Immutable, Alias("rp.managed-owner")]
internal sealed record ManagedOwner([property: Id(0)] IReadOnlyList<string> Hosts, [property: Id(1)] IReadOnlyList<string> Administrators)
{
    public static ManagedOwner Of(PartOwner owner) => new([.. owner.Hosts], [.. owner.Administrators]);

    public PartOwner ToOwner() => new(Hosts, Administrators);
}

/// <summary>One version of a part.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Text">The text, which may hold secrets.</param>
/// <param name="At">When it was written.</param>
/// <param name="By">Who wrote it: <c>AUTHENTICATOR/SUBJECT</c>, or <c>operator</c>.</param>
/// <param name="Change">What is another in it than in the version before; no secret.</param>
[GenerateSerializer, Immutable, Alias("rp.managed-version")]
internal sealed record ManagedVersion(
    [property: Id(0)] long Number, [property: Id(1)] Secret Text, [property: Id(2)] DateTimeOffset At, [property: Id(3)] string By,
    [property: Id(4)] string Change);

/// <summary>A text to be written.</summary>
/// <param name="After">The number of the version that it was made for; 0 when there was none.</param>
/// <param name="Text">The text.</param>
/// <param name="By">Who writes it.</param>
/// <param name="Change">What is another in it.</param>
[GenerateSerializer, Immutable, Alias("rp.managed-order")]
internal sealed record ManagedOrder(
    [property: Id(0)] long After, [property: Id(1)] Secret Text, [property: Id(2)] string By, [property: Id(3)] string Change)
{
    /// <summary>Whose part it is from then on; <c>null</c> leaves that as it is.</summary>
    [Id(4)]
    public ManagedOwner? Owner { get; init; }
}
