using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Access;

/// <summary>
/// Which rules of a tenant hold for whom. Pure. What everybody may do without a login, a named identity may do too; nothing else is
/// granted than what some rule grants.
/// </summary>
internal static class AccessRules
{
    /// <summary>The rules that match, in the order of the file. <paramref name="identity"/> is <c>null</c> for anonymous.</summary>
    public static IReadOnlyList<GrantedRule> Match(TenantConfiguration tenant, VerifiedIdentity? identity) =>
        [.. tenant.Access.Where(rule => Matches(rule, identity)).Select(Granted), .. OwnOf(identity)];

    /// <summary>What a robot was made with; nothing for everybody else.</summary>
    public static IEnumerable<GrantedRule> OwnOf(VerifiedIdentity? identity) => identity?.Robot is { } robot ? [robot.Rule] : [];

    /// <summary>Whether one rule holds for the identity.</summary>
    public static bool Matches(AccessRuleConfiguration rule, VerifiedIdentity? identity) =>
        IsFor(rule, identity) && Holds(rule, identity?.Claims);

    /// <summary>Whether an identity is one of a tenant's administrators.</summary>
    public static bool Administers(TenantConfiguration tenant, VerifiedIdentity identity) =>
        tenant.Administrators.Any(subject => Matches(subject, identity));

    /// <summary>Whether the identity is among those whom a rule is for, whatever its claims.</summary>
    public static bool IsFor(AccessRuleConfiguration rule, VerifiedIdentity? identity) =>
        rule.Who.Any(subject => Matches(subject, identity));

    /// <summary>Whether claims are what a rule wants; <c>null</c> for anonymous.</summary>
    public static bool Holds(AccessRuleConfiguration rule, IReadOnlyDictionary<string, string>? claims) =>
        rule.When.Count == 0 || rule.When.All(condition => Holds(condition.Key, condition.Value, claims));

    /// <summary>What a rule grants.</summary>
    public static GrantedRule Granted(AccessRuleConfiguration rule) => new(rule.Name, rule.Repositories, rule.Actions);

    private static bool Matches(AccessSubject subject, VerifiedIdentity? identity)
    {
        if (subject.Kind == AccessSubjectKind.Anonymous)
        {
            return true;
        }

        if (identity is null || (subject.Authenticator is { } authenticator && authenticator != identity.Authenticator))
        {
            return false;
        }

        // A robot may do what it was made for, not what everybody may who logs in.
        if (identity.Authenticator == AuthenticatorConfiguration.Robot)
        {
            return subject.Kind == AccessSubjectKind.Robot && RobotName.TryGet(identity.Subject, out var name)
                && Glob.Matches(subject.Glob, name);
        }

        return subject.Kind switch
        {
            AccessSubjectKind.Authenticated or AccessSubjectKind.Authenticator => true,
            AccessSubjectKind.User or AccessSubjectKind.Subject => Glob.Matches(subject.Glob, identity.Subject),
            AccessSubjectKind.Group => identity.Groups.Any(group => Glob.Matches(subject.Glob, group)),
            _ => false,
        };
    }

    private static bool Holds(string claim, IReadOnlyList<string> globs, IReadOnlyDictionary<string, string>? claims) =>
        claims is not null
        && claims.TryGetValue(claim, out var value)
        && globs.Any(glob => Glob.Matches(glob, value));
}
