using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>What can be wrong with an upstream, each for itself.</summary>
internal enum OutageKind
{
    /// <summary>The upstream itself does not answer, or with a server error.</summary>
    Failing,

    /// <summary>What it redirects to does not answer, fails or refuses.</summary>
    Storage,

    /// <summary>It limits the rate of requests.</summary>
    Limited,

    /// <summary>It answers for some repositories, and for others does not, or with a server error.</summary>
    Part,

    /// <summary>It refuses requests, which may be about their repositories alone.</summary>
    Refused,
}

/// <summary>
/// One thing that is wrong with an upstream, from the first failure until answers have followed the last one for a while: a single answer
/// between failures does not end it. Guarded by the <see cref="UpstreamFares"/> that has it.
/// </summary>
internal sealed class UpstreamOutage(OutageKind kind)
{
    /// <summary>Reasons of one outage that are logged; what fails for further ones has lines of its own.</summary>
    public const int MaxReasons = 8;

    /// <summary>It is over after so many answers without a failure among them …</summary>
    private const int AnswersInARow = 3;

    /// <summary>… so long after the last failure …</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    /// <summary>… or when nothing has failed for so long after an answer: few ask.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromMinutes(5);

    /// <summary>When nobody has asked for so long it is not known to go on.</summary>
    private static readonly TimeSpan Unasked = TimeSpan.FromHours(1);

    /// <summary>How long after the last failure answers in a row end it. One scope may be refused by what is done with it.</summary>
    private readonly TimeSpan _settled = kind == OutageKind.Refused ? Calm : Settled;
    private readonly HashSet<string> _said = [];
    private TimeSpan _pauseUntil;
    private int _answers;

    public OutageKind Kind => kind;

    /// <summary>As a label of metrics.</summary>
    public string Name => kind switch
    {
        OutageKind.Storage => UpstreamTrouble.Storage,
        OutageKind.Limited => UpstreamTrouble.Limited,
        OutageKind.Part => UpstreamTrouble.Part,
        OutageKind.Refused => UpstreamTrouble.Refuses,
        _ => "failing",
    };

    /// <summary>Since when, by the clock; <c>null</c> while all is well.</summary>
    public DateTimeOffset? Since { get; private set; }

    /// <summary>Whether there ever was one.</summary>
    public bool WasSeen { get; private set; }

    public TimeSpan BeganAt { get; private set; }

    public TimeSpan FailedAt { get; private set; }

    /// <summary>
    /// Whether the last failure was about an answer that had come: only others that came whole and were of use end it, since each such
    /// answer begins well.
    /// </summary>
    public bool IsOfBodies { get; set; }

    /// <summary>Requests that failed in it; those that were spared are not among them.</summary>
    public int Failures { get; private set; }

    public string Reason { get; private set; } = "";

    /// <summary>The origin that is at fault.</summary>
    public string Place { get; private set; } = "";

    /// <summary>A request failed, or was not sent because it would.</summary>
    /// <param name="place">The origin that is at fault.</param>
    /// <param name="reason">Why, in words.</param>
    /// <param name="now">The moment, and what the clock shows.</param>
    /// <param name="pause">How long the upstream wants to be left alone.</param>
    /// <param name="isSent">Whether it was sent.</param>
    public void Fail(string place, string reason, (TimeSpan At, DateTimeOffset Clock) now, TimeSpan pause = default, bool isSent = true)
    {
        if (Since is null)
        {
            (Since, BeganAt, Failures, WasSeen) = (now.Clock, now.At, 0, true);
        }

        (FailedAt, Place, Reason, _answers) = (now.At, place, reason, 0);
        Failures += isSent ? 1 : 0;
        _pauseUntil = now.At + pause > _pauseUntil ? now.At + pause : _pauseUntil;
    }

    /// <summary>Whether the log has to have this reason; it has then.</summary>
    public bool Say(string reason) => _said.Count < MaxReasons && _said.Add(reason);

    /// <summary>Whether it has; a reason that is about a part ends with that of the failure.</summary>
    public bool IsSaid(string reason) => Since is not null
        && (kind == OutageKind.Part ? _said.Any(said => said.EndsWith(reason, StringComparison.Ordinal)) : _said.Contains(reason));

    /// <summary>A request was answered as it should be.</summary>
    public void Answer() => _answers += Since is null || _answers == AnswersInARow ? 0 : 1;

    /// <summary>Whether it is over, by its answers, or since the upstream did not want to be left alone for longer.</summary>
    public bool IsOver(TimeSpan now) => Since is not null && now >= _pauseUntil
        && ((_answers == AnswersInARow && now >= FailedAt + _settled) || (_answers > 0 && now >= FailedAt + Calm)
            || (kind == OutageKind.Limited && now >= _pauseUntil + Calm));

    /// <summary>Whether nobody knows any more.</summary>
    public bool IsUnknown(TimeSpan now) => Since is not null && _answers == 0 && now >= FailedAt + Unasked && now >= _pauseUntil;

    /// <summary>For how long it has been going on, in seconds; 0 for not.</summary>
    public double SecondsAt(TimeSpan now) => Since is null ? 0 : Math.Max((now - BeganAt).TotalSeconds, 1);

    public void End()
    {
        (Since, _answers, _pauseUntil, IsOfBodies) = (null, 0, default, false);
        _said.Clear();
    }
}
