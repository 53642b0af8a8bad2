using Orleans.CodeGeneration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// Elects the gateway that fetches a blob from its upstream, and tells the others where it is meanwhile and afterwards. The key is
/// <see cref="FetchKey.ToString"/>. Bytes never come by here.
/// </summary>
[Version(0), Alias("rp.IFetchGrain")]
public interface IFetchGrain : IGrainWithStringKey
{
    /// <summary>Asks where to get the blob.</summary>
    /// <param name="gateway">Who asks.</param>
    /// <param name="failed">The gateway that was named before and could not give it (<see cref="FetchMember.Id"/>); it is named no
    /// more.</param>
    /// <param name="cancellation">Ends the question.</param>
    [Alias("Elect"), ResponseTimeout("00:00:02")]
    ValueTask<FetchElection> Elect(FetchMember gateway, string? failed, CancellationToken cancellation = default);

    /// <summary>
    /// The elected gateway has the blob now, or gives the election back; or another one found that what it has is not the blob.
    /// </summary>
    /// <param name="term">Of the election; a later one is left alone.</param>
    /// <param name="kept">Whether the elected one has the blob, for others too.</param>
    /// <param name="cancellation">Ends the call.</param>
    [Alias("End"), ResponseTimeout("00:00:02")]
    ValueTask End(long term, bool kept, CancellationToken cancellation = default);
}

/// <summary>A gateway that others may read from.</summary>
/// <param name="Id">One process: another one at the same address is another gateway.</param>
/// <param name="Address">Of its peer listener: <c>https</c>, an IP address and a port.</param>
/// <param name="Certificate">SHA-256 of the certificate that it shows others (RFC 8705 §3.1); tickets for it are of use to nobody
/// else.</param>
[GenerateSerializer, Immutable, Alias("rp.fetch-member")]
public sealed record FetchMember([property: Id(0)] string Id, [property: Id(1)] Uri Address, [property: Id(2)] string Certificate);

/// <summary>Where to get a blob.</summary>
[GenerateSerializer, Immutable, Alias("rp.fetch-election")]
public sealed record FetchElection
{
    /// <summary>The number of this election.</summary>
    [Id(0)]
    public long Term { get; init; }

    /// <summary>Who has it or is fetching it; <c>null</c> when the one who asked is elected, and fetches it from the upstream.</summary>
    [Id(1)]
    public FetchMember? Holder { get; init; }

    /// <summary>What the holder wants to see, for thirty seconds.</summary>
    [Id(2)]
    public Secret? Ticket { get; init; }
}
