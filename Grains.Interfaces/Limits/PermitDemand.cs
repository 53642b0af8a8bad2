namespace RegistryProxy.Grains.Interfaces;

/// <summary>What one gateway needs of a limit whose units are counted one by one.</summary>
/// <param name="Limit">Names the limit: its tenant, and whose it is.</param>
/// <param name="Most">The limit of the whole cluster, in places or units per second.</param>
/// <param name="ArePlaces">Whether what is taken comes back.</param>
/// <param name="Held">Permits that it has, with places in use and without <paramref name="Returned"/>.</param>
/// <param name="Returned">Units of a rate that it gives back, without those that it took while nobody answered; may be negative.</param>
/// <param name="Urgent">Permits that requests wait for.</param>
/// <param name="Ahead">Permits that it is likely to need within a second.</param>
[GenerateSerializer, Immutable, Alias("rp.permit-demand")]
public readonly record struct PermitDemand(
    [property: Id(0)] string Limit, [property: Id(1)] double Most, [property: Id(2)] bool ArePlaces, [property: Id(3)] int Held,
    [property: Id(4)] int Returned, [property: Id(5)] int Urgent, [property: Id(6)] int Ahead)
{
    /// <summary>Units of a rate that those that wait must leave for others.</summary>
    [Id(7)]
    public double Left { get; init; }

    /// <summary>
    /// Whether it is the limit of a whole tenant, not of one identity or address, of which there may be any number; <c>false</c> from a
    /// version that does not say.
    /// </summary>
    [Id(8)]
    public bool IsOfTenant { get; init; }
}

/// <summary>What a gateway gets of a limit.</summary>
/// <param name="Units">Permits; negative when the limit is not shared out, so that each gateway has an equal part.</param>
/// <param name="Level">Units of a rate that nobody has used yet, and places that no gateway has.</param>
/// <param name="RetrySeconds">Until there is one more for this gateway, when it did not get all that requests wait for.</param>
[GenerateSerializer, Immutable, Alias("rp.permit-grant")]
public readonly record struct PermitGrant(
    [property: Id(0)] int Units, [property: Id(1)] double Level, [property: Id(2)] double RetrySeconds);
