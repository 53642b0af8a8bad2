using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// The rules that sessions of one identity match. What the text of a credential said holds for its own session alone, since many may share
/// a subject; what people prove anew holds for all of theirs. Sessions that match the same rules get the same list. Rules are
/// about nobody who is there as an administrator alone.
/// </summary>
internal sealed class SessionRules(TenantConfiguration tenant, VerifiedIdentity identity)
{
    private readonly bool _isAdministratorAlone = tenant.IsForAdministratorsAlone(identity.Authenticator);
    private readonly List<AccessRuleConfiguration> _rules = tenant.Access.Where(
        rule => AccessRules.IsFor(rule, tenant.IsForAdministratorsAlone(identity.Authenticator) ? null : identity)).ToList();

    private readonly Dictionary<string, IReadOnlyList<GrantedRule>> _known = [];

    private VerifiedIdentity Identity => identity;

    public IReadOnlyList<GrantedRule> Of(StoredSession session)
    {
        var matched = Matched(session.Claims);
        if (!_known.TryGetValue(matched, out var rules))
        {
            _known[matched] = rules =
                [.. _rules.Where((_, number) => matched[number] == '1').Select(AccessRules.Granted), .. AccessRules.OwnOf(identity)];
        }

        return rules;
    }

    /// <summary>Whether every session would have the same rules if another identity of the same tenant had been proved.</summary>
    public bool AreThoseOf(SessionRules other) =>
        _rules.SequenceEqual(other._rules, ReferenceEqualityComparer.Instance) && Matched(null) == other.Matched(null)
        && Equals(identity.Robot, other.Identity.Robot);

    /// <summary>Which of the rules hold by claims of a session, or by those of the identity.</summary>
    private string Matched(IReadOnlyDictionary<string, string>? own)
    {
        var claims = _isAdministratorAlone ? null : own ?? identity.Claims;
        return string.Create(_rules.Count, (_rules, claims), static (text, sought) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = AccessRules.Holds(sought._rules[i], sought.claims) ? '1' : '0';
            }
        });
    }
}
