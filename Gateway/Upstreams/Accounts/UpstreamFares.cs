using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// How the requests of this gateway to one upstream fare. Guarded by itself, but for the time of the last answer. Its moments are those of
/// the process.
/// </summary>
internal sealed class UpstreamFares
{
    private long _answeredAt;

    /// <summary>When it last gave what it was asked for, or said that it has none.</summary>
    public TimeSpan AnsweredAt
    {
        get => new(Volatile.Read(ref _answeredAt));
        set => Volatile.Write(ref _answeredAt, value.Ticks);
    }

    /// <summary>Since when requests fail, by the clock; <c>null</c> while they are answered.</summary>
    public DateTimeOffset? Since { get; set; }

    /// <summary>When the outage that <see cref="Since"/> tells of began.</summary>
    public TimeSpan BeganAt { get; set; }

    public int Failures { get; set; }

    public TimeSpan FailedAt { get; set; }

    public string Reason { get; set; } = "";

    /// <summary>The reasons that the log has.</summary>
    public HashSet<string> Said { get; } = [];

    /// <summary>Requests that were refused since <see cref="RefusedSince"/>.</summary>
    public long Refusals { get; set; }

    /// <summary>When the first of the <see cref="Refusals"/> was, by the clock.</summary>
    public DateTimeOffset RefusedSince { get; set; }

    /// <summary>When the first of the <see cref="Refusals"/> was.</summary>
    public TimeSpan RefusedFrom { get; set; }

    /// <summary>From when on refusals are said again.</summary>
    public TimeSpan RefusalFrom { get; set; }

    /// <summary>When the silos were told last.</summary>
    public TimeSpan ToldAt { get; set; }

    /// <summary>From when on they are told again.</summary>
    public TimeSpan TellFrom { get; set; }

    /// <summary>When something was last heard of it.</summary>
    public TimeSpan HeardAt => FailedAt > AnsweredAt ? FailedAt : AnsweredAt;

    /// <summary>Whether a failure now is the first of an outage: there is none, or it was answered before a silence.</summary>
    public bool Begins(TimeSpan now, TimeSpan silence) =>
        Since is null || (AnsweredAt > FailedAt && now > FailedAt + silence);

    /// <summary>What the silos are told.</summary>
    public UpstreamSight Sight(string gateway, TimeSpan now) => new()
    {
        Gateway = gateway,
        Failure = Since is null ? null : Reason,
        SinceFailure = Since is null ? null : now - FailedAt,
        SinceAnswer = AnsweredAt == default ? null : now - AnsweredAt,
        FailsFor = Since is null ? null : now - BeganAt,
        Failures = Since is null ? 0 : Failures,
    };
}
