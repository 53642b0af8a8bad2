using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Authorization;

/// <summary>A decision about one session, as long as it is good.</summary>
/// <param name="session">The session.</param>
/// <param name="answer">What was decided.</param>
/// <param name="leasedUntil">The end of its lease, in ticks of the clock.</param>
/// <param name="idle">For how many leases the session was not used.</param>
internal sealed class LeasedDecision(SessionReference session, SharedDecision answer, long leasedUntil, int idle)
{
    /// <summary>For how long nobody asks again when there was no answer.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>A session that was not used for so many leases is not renewed with the others.</summary>
    private const int IdleLeases = 5;

    private long _unansweredAt;
    private volatile bool _isUsed;

    public SessionReference Session => session;

    /// <summary>The tenant of the session.</summary>
    public string Tenant { get; } = session.Tenant;

    public SessionDecision Decision => answer.Decision;

    public long LeasedUntil => leasedUntil;

    /// <summary>What it keeps alive, in bytes.</summary>
    public long Weight { get; } =
        300 + TextWeight.Of(session.Id) + (2 * TextWeight.Of(session.Key)) + (WeightOf(answer.Decision) / answer.Sharing);

    /// <summary>For how many leases it was not used, this one included.</summary>
    public int IdleNow => _isUsed ? 0 : idle + 1;

    /// <summary>Whether it is worth a renewal.</summary>
    public bool IsInUse => IdleNow < IdleLeases;

    /// <summary>The decision, which is in use.</summary>
    public SessionDecision Use()
    {
        // Whoever reads what is in use anyway writes nothing: processors would pass its line back and forth.
        if (!_isUsed)
        {
            _isUsed = true;
        }

        return answer.Decision;
    }

    public bool IsUnanswered(TimeProvider time) => Volatile.Read(ref _unansweredAt) is not 0 and var at && time.GetElapsedTime(at) < Pause;

    /// <summary>The decision, which nobody could renew just now.</summary>
    public SessionDecision Unanswered(TimeProvider time)
    {
        Volatile.Write(ref _unansweredAt, time.GetTimestamp());
        return answer.Decision;
    }

    private static long WeightOf(SessionDecision decision) => 100 + decision.Rules.Sum(rule =>
        100 + TextWeight.Of(rule.Name) + rule.Repositories.Sum(pattern => 100 + (2 * TextWeight.Of(pattern.Value))));
}

/// <summary>A decision, and how many sessions have this very object: they share its weight.</summary>
internal sealed record SharedDecision(SessionDecision Decision, int Sharing);
