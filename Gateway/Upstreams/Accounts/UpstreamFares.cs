using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// How the requests of this gateway to one upstream fare. Guarded by itself, but for the time of the last answer. Its moments are those of
/// the process.
/// </summary>
internal sealed class UpstreamFares
{
    private long _answeredAt;
    private volatile string? _refusedScope;

    /// <summary>When it last gave what it was asked for, or said that it has none.</summary>
    public TimeSpan AnsweredAt
    {
        get => new(Volatile.Read(ref _answeredAt));
        set => Volatile.Write(ref _answeredAt, value.Ticks);
    }

    /// <summary>What is, or was, wrong with it; by <see cref="OutageKind"/>.</summary>
    public IReadOnlyList<UpstreamOutage> Outages { get; } =
        [new(OutageKind.Failing), new(OutageKind.Storage), new(OutageKind.Limited), new(OutageKind.Part), new(OutageKind.Refused)];

    /// <summary>Which of its parts fail.</summary>
    public FailingParts Parts { get; } = new();

    /// <summary>The account that it limits, or limited last.</summary>
    public string LimitedAccount { get; set; } = "";

    /// <summary>When it was taken from the configuration; <c>null</c> while it is there.</summary>
    public TimeSpan? GoneAt { get; set; }

    public UpstreamOutage this[OutageKind kind] => Outages[(int)kind];

    /// <summary>The scope of the request that was refused last; <c>null</c> when none is.</summary>
    public string? RefusedScope
    {
        get => _refusedScope;
        set => _refusedScope = value;
    }

    /// <summary>When the silos were told last.</summary>
    public TimeSpan ToldAt { get; set; }

    /// <summary>From when on they are told again.</summary>
    public TimeSpan TellFrom { get; set; }

    /// <summary>Whether anything is wrong.</summary>
    public bool IsAny => Outages.Any(outage => outage.Since is not null);

    /// <summary>When something was last heard of it.</summary>
    public TimeSpan HeardAt => Outages.Select(outage => outage.FailedAt).Append(AnsweredAt).Max();

    /// <summary>Ends all that is wrong; how many that were but refusals.</summary>
    public int End()
    {
        var wrong = Outages.Where(outage => outage.Since is not null).ToList();
        wrong.ForEach(outage => outage.End());
        RefusedScope = null;
        return wrong.Count(outage => outage.Kind != OutageKind.Refused);
    }

    /// <summary>
    /// For how long each of what is, or ever was, wrong has been going on; but refusals, which anybody who asks can cause and are counted.
    /// </summary>
    public IEnumerable<(string Condition, double Seconds)> Measure(TimeSpan now) =>
        Outages.Where(outage => outage.WasSeen && outage.Kind != OutageKind.Refused).Select(outage => (outage.Name, outage.SecondsAt(now)));

    /// <summary>What the silos are told.</summary>
    public UpstreamSight Sight(string gateway, TimeSpan now)
    {
        var own = this[OutageKind.Failing];
        var fails = own.Since is not null;
        return new()
        {
            Gateway = gateway,
            Failure = fails ? own.Reason : null,
            SinceFailure = fails ? now - own.FailedAt : null,
            SinceAnswer = AnsweredAt == default ? null : now - AnsweredAt,
            FailsFor = fails ? now - own.BeganAt : null,
            Failures = fails ? own.Failures : 0,
            Troubles =
            [
                .. Outages.Where(outage => outage.Kind != OutageKind.Failing && outage.Since is not null).Select(outage =>
                    new UpstreamTrouble(
                        outage.Name, outage.Place, outage.Reason, now - outage.BeganAt, now - outage.FailedAt, outage.Failures)),
            ],
        };
    }
}
