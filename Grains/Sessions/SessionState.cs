using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Sessions;

/// <summary>What is kept of one identity: its newest sessions, and where the others are.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.session-state")]
internal sealed record SessionState : IExpiringState
{
    /// <summary>What an access token must name.</summary>
    [Id(0)]
    public long Generation { get; init; } = 1;

    /// <summary>The newest ones; each counts before one of the same id in a page.</summary>
    [Id(1)]
    public List<StoredSession> Sessions { get; init; } = [];

    /// <summary>What was proved last; a new proof replaces it, but for claims that are those of its session alone.</summary>
    [Id(2)]
    public Identity.VerifiedIdentity? Identity { get; init; }

    /// <summary>Older ones, the oldest page first.</summary>
    [Id(3)]
    public List<SessionPageLink> Pages { get; init; } = [];

    public DateTimeOffset? KeepUntil =>
        Sessions.Select(session => session.Expires).Concat(Pages.Select(page => page.Expires)).DefaultIfEmpty().Max();

    /// <summary>Whether no session is left, so that nothing needs to be kept.</summary>
    public bool IsEmpty => Sessions.Count == 0 && Pages.Count == 0;
}

/// <summary>Names a record of older sessions of one identity.</summary>
/// <param name="Id">128 random bits: a page is never written over another one.</param>
/// <param name="Count">How many sessions it was written with.</param>
/// <param name="Bytes">About how many bytes they are.</param>
/// <param name="Opened">When the newest of them was opened.</param>
/// <param name="Expires">When the last of them ends.</param>
[GenerateSerializer, Immutable, Alias("rp.session-page-link")]
internal sealed record SessionPageLink(
    [property: Id(0)] string Id,
    [property: Id(1)] int Count,
    [property: Id(2)] int Bytes,
    [property: Id(3)] DateTimeOffset Opened,
    [property: Id(4)] DateTimeOffset Expires);

/// <summary>Older sessions of one identity, in a record of their own, so that a login does not write them again.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.session-page")]
internal sealed record SessionPage : IExpiringState
{
    [Id(0)]
    public List<StoredSession> Sessions { get; init; } = [];

    public DateTimeOffset? KeepUntil => Sessions.Select(session => session.Expires).DefaultIfEmpty().Max();
}

/// <summary>One session of an identity.</summary>
/// <param name="Id">128 random bits.</param>
/// <param name="TokenHash">The hash of its refresh token; <c>null</c> for a session without one.</param>
/// <param name="CredentialStamp">The credential that opened it.</param>
/// <param name="Opened">When.</param>
/// <param name="Expires">When it ends by itself.</param>
/// <param name="ClientAddress">Who opened it.</param>
/// <param name="Claims">
/// What the text of a credential said beside the subject, which others may share; <c>null</c> when a person proved it.
/// </param>
/// <param name="Groups">The groups that it said; <c>null</c> when a person proved it, and of sessions of earlier versions.</param>
/// <param name="Required"><inheritdoc cref="VerifiedIdentity.Required" path="/summary"/></param>
[GenerateSerializer, Immutable, Alias("rp.stored-session")]
internal sealed record StoredSession(
    [property: Id(0)] string Id,
    [property: Id(1)] string? TokenHash,
    [property: Id(2)] string CredentialStamp,
    [property: Id(3)] DateTimeOffset Opened,
    [property: Id(4)] DateTimeOffset Expires,
    [property: Id(5)] string ClientAddress,
    [property: Id(6)] IReadOnlyDictionary<string, string>? Claims = null,
    [property: Id(7)] IReadOnlyList<string>? Groups = null,
    [property: Id(8)] IReadOnlyDictionary<string, IReadOnlyList<string>>? Required = null)
{
    /// <summary>About how many bytes it is when it is stored.</summary>
    public int Bytes => 128 + Id.Length + (TokenHash?.Length ?? 0) + CredentialStamp.Length + ClientAddress.Length
        + (Claims?.Sum(claim => 8 + claim.Key.Length + (2 * claim.Value.Length)) ?? 0)
        + (Groups?.Sum(group => 8 + (2 * group.Length)) ?? 0)
        + (Required?.Sum(claim => 8 + claim.Key.Length + claim.Value.Sum(text => 8 + (2 * text.Length))) ?? 0);

    /// <summary>Whether it was opened by a credential that says the same; always so for people.</summary>
    public bool WasOpenedLike(StoredSession other) => Claims is null
        ? other.Claims is null
        : other.Claims is not null && Identity.Claims.SaysTheSameAs(Claims, other.Claims)
            && (Groups ?? []).SequenceEqual(other.Groups ?? []) && Identity.Claims.RequireTheSame(Required, other.Required);

    /// <summary>An identity as this session has it: with what its own credential said.</summary>
    public VerifiedIdentity Of(VerifiedIdentity identity) =>
        Claims is null ? identity : identity with { Claims = Claims, Groups = Groups ?? identity.Groups, Required = Required };
}

/// <summary>
/// The rules that sessions of one identity match. What the text of a credential said holds for its own session alone, since many may share
/// a subject; what people prove anew holds for all of theirs. Sessions that match the same rules get the same list. Rules are
/// about nobody who is there as an administrator alone.
/// </summary>
internal sealed class SessionRules(TenantConfiguration tenant, VerifiedIdentity identity)
{
    private readonly bool _isAdministratorAlone = tenant.IsForAdministratorsAlone(identity.Authenticator);
    private readonly Dictionary<string, IReadOnlyList<GrantedRule>> _known = [];
    private readonly Dictionary<string, bool[]> _byGroups = [];

    private VerifiedIdentity Identity => identity;

    public IReadOnlyList<GrantedRule> Of(StoredSession session)
    {
        var matched = Matched(session.Of(identity));
        if (!_known.TryGetValue(matched, out var rules))
        {
            _known[matched] = rules =
                [.. tenant.Access.Where((_, number) => matched[number] == '1').Select(AccessRules.Granted), .. AccessRules.OwnOf(identity)];
        }

        return rules;
    }

    /// <summary>Whether every session would have the same rules if another identity of the same tenant had been proved.</summary>
    public bool AreThoseOf(SessionRules other) => About(identity).SequenceEqual(other.About(other.Identity))
        && Matched(identity) == other.Matched(other.Identity) && Equals(identity.Robot, other.Identity.Robot);

    /// <summary>Which of the tenant's rules hold.</summary>
    private string Matched(VerifiedIdentity proved) =>
        string.Create(tenant.Access.Count, (tenant.Access, About(proved), proved.Claims, _isAdministratorAlone), static (text, sought) =>
        {
            var (rules, about, claims, isAdministratorAlone) = sought;
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = about[i] && AccessRules.Holds(rules[i], isAdministratorAlone ? null : claims) ? '1' : '0';
            }
        });

    /// <summary>Which of the tenant's rules are about an identity with these groups, whatever its claims.</summary>
    private bool[] About(VerifiedIdentity proved)
    {
        var groups = string.Join('\0', proved.Groups);
        if (!_byGroups.TryGetValue(groups, out var about))
        {
            _byGroups[groups] = about = [.. tenant.Access.Select(rule => AccessRules.IsFor(rule, _isAdministratorAlone ? null : proved))];
        }

        return about;
    }
}
