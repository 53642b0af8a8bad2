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
