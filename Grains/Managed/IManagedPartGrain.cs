using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Managed;

/// <summary>
/// The part of one managed tenant with its history; the key is the tenant's name. Whoever changes it has seen that the caller may, and that
/// the text is a good one. Internal: no client may call it.
/// </summary>
[Alias("rp.IManagedPartGrain")]
internal interface IManagedPartGrain : IGrainWithStringKey
{
    /// <summary>What is in it now, for certain; <c>null</c> when nobody has written it.</summary>
    [Alias("Current"), ResponseTimeout("00:00:08")]
    ValueTask<ManagedVersion?> Current();

    /// <summary>What is in it and what was before, the newest first.</summary>
    [Alias("Versions"), ResponseTimeout("00:00:08")]
    ValueTask<IReadOnlyList<ManagedVersion>> Versions();

    /// <summary>
    /// Writes a text when the newest version is the one that it was made for; returns the newest version after that, which is another one
    /// when it was not.
    /// </summary>
    [Alias("Write"), ResponseTimeout("00:00:15")]
    ValueTask<ManagedVersion?> Write(ManagedOrder order);
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
    [property: Id(0)] long After, [property: Id(1)] Secret Text, [property: Id(2)] string By, [property: Id(3)] string Change);
