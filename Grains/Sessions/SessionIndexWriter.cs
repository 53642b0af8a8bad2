using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Grains.Calls;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// Puts sessions into the lists of their tenants, without holding logins up: the list of a silo that is silent gets them later, when it
/// answers. One call from this silo is under way for each list; sessions that are opened meanwhile go with the next. Who is revoked by name
/// needs no list.
/// </summary>
internal sealed partial class SessionIndexWriter(TimeProvider time, ILogger<SessionIndexWriter> logger)
{
    /// <summary>How many sessions go with one call.</summary>
    public const int MaxAtOnce = 1000;

    /// <summary>
    /// How many sessions wait for one list, until they end. Those beyond are not listed, which the log says; they end by themselves.
    /// </summary>
    public const int MaxWaiting = 20_000;

    /// <summary>From the end of a call that failed to the next.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private static readonly GrainRetry Telling =
        new(typeof(ISessionIndexGrain), nameof(ISessionIndexGrain.AddAll), TimeSpan.FromSeconds(8));

    private readonly Lock _gate = new();
    private readonly Dictionary<string, WaitingSessions> _waiting = [];

    /// <summary>Returns at once; a list that does not answer is told again for as long as the sessions last.</summary>
    /// <param name="list">The list of the tenant: the calls are those of the grain that asks.</param>
    /// <param name="tenant">The tenant.</param>
    /// <param name="session">The session.</param>
    public void Add(ISessionIndexGrain list, string tenant, SessionSummary session)
    {
        lock (_gate)
        {
            if (_waiting.TryGetValue(tenant, out var waiting))
            {
                waiting.Add(session);
                return;
            }

            _waiting[tenant] = new WaitingSessions(time);
        }

        TellAll(list, tenant, [session]).Ignore();
    }

    /// <summary>
    /// Takes sessions out that have ended before their time. Those of a list that is away stay until they would have ended.
    /// </summary>
    public static void Remove(ISessionIndexGrain list, IReadOnlyList<string> sessions)
    {
        if (sessions.Count > 0)
        {
            list.Remove(sessions).AsTask().Ignore();
        }
    }

    private async Task TellAll(ISessionIndexGrain list, string tenant, List<SessionSummary> sessions)
    {
        while (sessions.Count > 0)
        {
            var fault = await Tell(list, sessions);
            if (fault is not null)
            {
                Failed(tenant, sessions, fault);
                await Task.Delay(Pause, time);
            }

            lock (_gate)
            {
                var waiting = _waiting[tenant];
                if (fault is null)
                {
                    Succeeded(tenant, waiting);
                }

                sessions = waiting.Take(MaxAtOnce);
                if (sessions.Count == 0)
                {
                    _waiting.Remove(tenant);
                    if (waiting.Outage.End(out _, out var lasted))
                    {
                        LogEnded(tenant, lasted.TotalSeconds);
                    }
                }
            }
        }
    }

    /// <summary>Why the list was not told; <c>null</c> when it was.</summary>
    private async Task<Exception?> Tell(ISessionIndexGrain list, List<SessionSummary> sessions)
    {
        try
        {
            return await Telling.Call<Exception?>(
                async () =>
                {
                    await list.AddAll(sessions);
                    return null;
                },
                time, CancellationToken.None);
        }
        catch (Exception fault)
        {
            return fault;
        }
    }

    private void Failed(string tenant, List<SessionSummary> sessions, Exception fault)
    {
        lock (_gate)
        {
            var waiting = _waiting[tenant];
            waiting.PutBack(sessions);
            if (waiting.Outage.Fail())
            {
                LogFailed(tenant, fault);
            }
        }
    }

    private void Succeeded(string tenant, WaitingSessions waiting)
    {
        if (waiting.Outage.End(out _, out var lasted))
        {
            LogWell(tenant, lasted.TotalSeconds);
        }

        if (waiting.TakeLost() is var lost and > 0)
        {
            LogLost(tenant, lost);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The list of sessions of tenant {Tenant} does not answer: sessions that are opened on this silo are listed later")]
    private partial void LogFailed(string tenant, Exception fault);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "The list of sessions of tenant {Tenant} answers again after {Seconds:F0} s, and is told of those that wait")]
    private partial void LogWell(string tenant, double seconds);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "All sessions that waited for the list of tenant {Tenant} have ended, after {Seconds:F0} s in which it did not answer")]
    private partial void LogEnded(string tenant, double seconds);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{Lost} sessions of tenant {Tenant} opened on this silo are not in its list, which did not answer in time: they are " +
            "not shown, and are ended by revoking their subject")]
    private partial void LogLost(string tenant, long lost);
}

/// <summary>Sessions that wait for the list of one tenant. Not for several threads at once.</summary>
internal sealed class WaitingSessions(TimeProvider time)
{
    private List<SessionSummary> _sessions = [];
    private long _lost;

    /// <summary>While the list does not answer.</summary>
    public Outage Outage { get; } = new(time);

    /// <summary>Adds one, as long as there is room.</summary>
    public void Add(SessionSummary session)
    {
        if (_sessions.Count < SessionIndexWriter.MaxWaiting)
        {
            _sessions.Add(session);
        }
        else
        {
            _lost++;
        }
    }

    /// <summary>Has those wait again that could not be told, as long as they last and there is room.</summary>
    public void PutBack(List<SessionSummary> sessions)
    {
        var now = time.GetUtcNow();
        var later = _sessions;
        _sessions = [.. sessions.Where(session => session.Expires > now)];
        foreach (var session in later.Where(session => session.Expires > now))
        {
            Add(session);
        }
    }

    /// <summary>Takes the oldest out.</summary>
    public List<SessionSummary> Take(int most)
    {
        var taken = _sessions.Count <= most ? _sessions : _sessions[..most];
        _sessions = _sessions[taken.Count..];
        return taken;
    }

    /// <summary>How many found no room since the last call.</summary>
    public long TakeLost()
    {
        var lost = _lost;
        _lost = 0;
        return lost;
    }
}
