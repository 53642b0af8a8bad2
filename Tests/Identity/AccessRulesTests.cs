using System.Text.RegularExpressions;
using CsCheck;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Identity;

/// <summary>Access rules against an oracle that reads the same rules another way; what <c>explain</c> says must agree.</summary>
public sealed class AccessRulesTests
{
    private static readonly Gen<string> Globs = Gen.OneOfConst("alice", "al*", "*", "bob", "b?b", "*e", "");
    private static readonly Gen<string?> Authenticators = Gen.OneOfConst<string?>(null, "staff", "nodes");

    private static readonly Gen<AccessSubject> Subjects = Gen.Select(Gen.Enum<AccessSubjectKind>(), Authenticators, Globs)
        .Select((kind, authenticator, glob) =>
            new AccessSubject(kind, kind is AccessSubjectKind.Authenticator or AccessSubjectKind.Subject ? authenticator ?? "staff"
                : authenticator, glob));

    private static readonly Gen<Dictionary<string, IReadOnlyList<string>>> Whens = Gen.Select(
        Gen.Bool, Gen.OneOfConst("region", "zone"), Gen.OneOfConst("eu-*", "us-east-1", "*").Array[1, 2])
        .Select((any, claim, globs) => any ? new Dictionary<string, IReadOnlyList<string>> { [claim] = globs } : []);

    private static readonly Gen<AccessRuleConfiguration> Rules = Gen.Select(
        Subjects.Array[1, 3], Whens, Gen.OneOfConst("**", "a/*", "a/b", "b/**").Array[1, 2], Gen.Int[1, 15])
        .Select((who, when, repositories, actions) => new AccessRuleConfiguration
        {
            Name = "r", Who = who, When = when, Repositories = [
                .. repositories.Select(RepositoryPattern.Parse)], Actions = (RepositoryActions)actions,
        });

    private static readonly Gen<VerifiedIdentity?> Identities = Gen.Select(
        Gen.Bool, Gen.OneOfConst("staff", "nodes"), Gen.OneOfConst("alice", "bob", "eve"), Gen.OneOfConst(
            "alice", "dev", "bob").Array[0, 2], Gen.OneOfConst("eu-west-1", "us-east-1", "us-east-10"))
        .Select((anonymous, authenticator, subject, groups, region) => anonymous
            ? null
            : new VerifiedIdentity(authenticator, subject, groups, new Dictionary<string, string> { ["region"] = region }, ""));

    [Fact]
    public void Exactly_what_some_rule_grants_is_granted_and_explained() => Gen.Select(
        Rules.Array[0, 4], Identities, Gen.OneOfConst("a", "a/b", "a/b/c", "b", "b/x/y"), Gen.OneOfConst(
            RepositoryActions.Pull, RepositoryActions.Push, RepositoryActions.Delete)).Sample(
        (rules, identity, repository, action) =>
        {
            rules = [.. rules.Select((rule, index) => rule with { Name = $"r{index}" })];
            var name = RepositoryName.Parse(repository);
            var tenant = new TenantConfiguration { Name = "t", Hosts = ["*"], Access = rules };
            var expected = rules.Where(rule => Oracle(rule, identity, repository, action)).Select(rule => rule.Name).FirstOrDefault();
            var granted = AccessRules.Match(tenant, identity).Any(rule => rule.Grants(name, action));
            var explained = AccessExplainer.Explain(
                new FrontDoorConfiguration { Tenants = new Dictionary<string, TenantConfiguration> { ["t"] = tenant } },
                new AccessQuestion
                {
                    Tenant = "t", Authenticator = identity?.Authenticator, Subject = identity?.Subject, Groups = identity?.Groups ?? [],
                    Claims = identity?.Claims ?? new Dictionary<string, string>(), Repository = name, Action = action,
                },
                identity)!;
            return granted == (expected is not null) && explained.Allowed == granted && (!granted || explained.Rule == expected);
        }, iter: 100_000);

    private static bool Oracle(AccessRuleConfiguration rule, VerifiedIdentity? identity, string repository, RepositoryActions action) =>
        rule.Actions.ToString().Contains(action.ToString(), StringComparison.Ordinal)
        && rule.Repositories.Any(
            pattern => Regex.IsMatch("/" + repository,
                "^" + string.Concat(pattern.Value.Split('/').Select(part => part == "**" ? "(/[^/]+)*" : "/" + part.Replace("*", "[^/]*")))
                    + "$"))
        && rule.When.All(when =>
            identity is not null && identity.Claims.ContainsKey(when.Key) && when.Value.Any(glob => Like(glob, identity.Claims[when.Key])))
        && rule.Who.Any(who => who.Kind == AccessSubjectKind.Anonymous
            || (identity is not null && (who.Authenticator ?? identity.Authenticator) == identity.Authenticator && who.Kind switch
        {
            AccessSubjectKind.User or AccessSubjectKind.Subject => Like(who.Glob, identity.Subject),
            AccessSubjectKind.Group => identity.Groups.Any(group => Like(who.Glob, group)),
            AccessSubjectKind.Robot => false,
            _ => true,
        }));

    private static bool Like(string glob, string text) => Regex.IsMatch(text, "^" + Regex.Escape(glob).Replace("\\*", ".*") + "$");
}
