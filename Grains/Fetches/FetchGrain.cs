using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Fetches;

/// <summary>
/// One blob of one tenant: who fetches it or has it. Held in memory alone: with the activation goes the knowledge where the blob is, and
/// the next gateway that wants it fetches it anew.
/// </summary>
[GrainType("fetch")]
internal sealed class FetchGrain(FetchTickets tickets, TimeProvider time) : Grain, IFetchGrain
{
    /// <summary>How long a blob is read from who has it: a repository that lost it must not live on from gateway to gateway.</summary>
    private static readonly TimeSpan Trust = TimeSpan.FromHours(1);

    private FetchMember? _holder;
    private long? _keptAt;

    /// <summary>Counts on from the time, so that no other activation counted the same.</summary>
    private long _term = time.GetUtcNow().UtcTicks;

    public async ValueTask<FetchElection> Elect(FetchMember gateway, string? failed, CancellationToken cancellation = default)
    {
        if (_holder is not { } holder || holder.Id == gateway.Id || holder.Id == failed
            || time.GetElapsedTime(_keptAt ?? time.GetTimestamp()) > Trust)
        {
            (_holder, _keptAt) = (gateway, null);
            return new FetchElection { Term = ++_term };
        }

        return FetchKey.TryParse(this.GetPrimaryKeyString(), out var key)
            ? new FetchElection { Term = _term, Holder = holder, Ticket = await tickets.Write(key, reader: gateway, holder) }
            : throw new ArgumentException("the key of this grain names no blob");
    }

    public ValueTask End(long term, bool kept, CancellationToken cancellation = default)
    {
        if (term == _term)
        {
            _holder = kept ? _holder : null;
            _keptAt = kept ? time.GetTimestamp() : null;
        }

        if (_holder is null)
        {
            // Of a blob that nobody has, or that was never there, nothing is worth knowing.
            DeactivateOnIdle();
        }

        return ValueTask.CompletedTask;
    }
}
