using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>What sessions of one identity may do; those that may do the same have one decision.</summary>
/// <param name="tenant">The tenant; <c>null</c> where it is not known, and so not what is so.</param>
/// <param name="standing">What is so of the identity now.</param>
/// <param name="stamp">What names the rules that are running.</param>
/// <param name="lease">How long it may be used that a session is open, or that nobody can say.</param>
/// <param name="closedLease">How long it may be used that one has ended.</param>
/// <param name="authenticator">Who proved it; <c>null</c> when that is not to be asked.</param>
internal sealed class SessionJudge(
    TenantConfiguration? tenant, Verdict standing, string stamp, TimeSpan lease, TimeSpan closedLease, IAuthenticator? authenticator = null)
{
    private static readonly TimeSpan ShortestLease = TimeSpan.FromSeconds(1);

    private readonly SessionRules? _rules =
        standing.Identity is { } identity && tenant is not null ? new SessionRules(tenant, identity) : null;
    private readonly List<SessionDecision> _distinct = [];
    private readonly Dictionary<IReadOnlyList<GrantedRule>, int> _open = new(ReferenceEqualityComparer.Instance);
    private int? _closed;
    private int? _undecided;

    /// <summary>
    /// A session ends when the credential that opened it changes, of which a robot may have two, and when what proved it would let nobody
    /// in any more.
    /// </summary>
    public static bool IsOpen(StoredSession session, VerifiedIdentity identity, IAuthenticator? authenticator) =>
        (session.CredentialStamp == identity.CredentialStamp || identity.Robot?.Secrets.Contains(session.CredentialStamp) == true)
        && (authenticator is not ITokenAuthenticator by || by.Allows(session.Of(identity)));

    /// <summary>How long a decision may be used: that about a robot not beyond its end, which may have been set nearer meanwhile.</summary>
    public static TimeSpan LeaseOf(Verdict standing, TimeSpan lease, DateTimeOffset now) =>
        standing.Identity is { Robot: not null, Expires: { } end } && end - now < lease ? Max(end - now, ShortestLease) : lease;

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    /// <summary>That all have ended.</summary>
    public static SessionDecisions AllClosed(IReadOnlyList<string> sessions, TimeSpan lease, string stamp) =>
        new([SessionDecision.Closed with { Lease = lease, RulesStamp = stamp }], new int[sessions.Count]);

    public SessionDecisions Classify(IReadOnlyList<string> sessions, Func<string, StoredSession?> find) =>
        new(_distinct, sessions.Select(id => Place(find(id))).ToArray());

    private int Place(StoredSession? session)
    {
        if (session is not null && standing.Kind == VerdictKind.Unavailable)
        {
            return _undecided ??= Add(SessionDecision.Closed with { Unavailable = true, Lease = lease });
        }

        if (session is null || _rules is null || !IsOpen(session, standing.Identity!, authenticator))
        {
            return _closed ??= Add(SessionDecision.Closed with { Lease = closedLease });
        }

        var rules = _rules.Of(session);
        if (!_open.TryGetValue(rules, out var place))
        {
            _open[rules] = place = Add(new SessionDecision { Open = true, Rules = rules, Lease = lease });
        }

        return place;
    }

    private int Add(SessionDecision decision)
    {
        _distinct.Add(decision with { RulesStamp = stamp });
        return _distinct.Count - 1;
    }
}
