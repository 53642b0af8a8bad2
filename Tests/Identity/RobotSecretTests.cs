using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>The secrets of robots, and the rules that speak of them.</summary>
public sealed class RobotSecretTests : IDisposable
{
    private readonly AuthenticatorLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void A_secret_tells_itself_from_anything_else_and_what_is_kept_of_it_opens_nothing()
    {
        var (secret, other, key) = (RobotSecret.New(), RobotSecret.New(), RobotSecret.NewKey());
        var hash = RobotSecret.Hash(secret, key);
        Assert.True(RobotSecret.IsWellFormed(secret) && RobotSecret.IsOf(secret, key, hash));
        Assert.False(RobotSecret.IsOf(other, key, hash) || RobotSecret.IsOf(secret, RobotSecret.NewKey(), hash));
        var text = secret.Reveal();
        for (var i = 0; i < text.Length; i++)
        {
            var mistyped = text[..i] + (text[i] == '0' ? '1' : '0') + text[(i + 1)..];
            Assert.False(RobotSecret.IsWellFormed(new Secret(mistyped)), mistyped);
        }

        foreach (var wrong in new[] { "", "rpbot_", text[1..], text[..^1], text + "0", text.ToUpperInvariant(), hash, key })
        {
            Assert.False(RobotSecret.IsWellFormed(new Secret(wrong)), wrong);
        }
    }

    [Theory]
    [InlineData(AccessSubjectKind.Anonymous, "", true)]
    [InlineData(AccessSubjectKind.Robot, "ci", true)]
    [InlineData(AccessSubjectKind.Robot, "c*", true)]
    [InlineData(AccessSubjectKind.Robot, "robot$ci", false)]
    [InlineData(AccessSubjectKind.Robot, "cd", false)]
    [InlineData(AccessSubjectKind.Authenticated, "", false)]
    [InlineData(AccessSubjectKind.User, "*", false)]
    [InlineData(AccessSubjectKind.Subject, "*", false)]
    [InlineData(AccessSubjectKind.Group, "*", false)]
    [InlineData(AccessSubjectKind.Authenticator, "", false)]
    public void Of_rules_only_those_about_everybody_and_about_robots_are_about_a_robot(AccessSubjectKind kind, string glob, bool isIt)
    {
        var own = new GrantedRule("robot:ci", [RepositoryPattern.Parse("apps/**")], RepositoryActions.Pull);
        var robot = new VerifiedIdentity("robot", "robot$ci", ["dev"], new Dictionary<string, string>(), "s", null,
            new RobotGrant("acme", own, ["s"]));
        var rule = new AccessRuleConfiguration
        {
            Name = "x", Who = [new AccessSubject(kind, kind == AccessSubjectKind.Robot ? "robot" : null, glob)],
            Repositories = [RepositoryPattern.Parse("**")], Actions = RepositoryActions.Push,
        };
        Assert.Equal(isIt, AccessRules.Matches(rule, robot));
        var tenant = new TenantConfiguration { Name = "acme", Hosts = ["*"], Access = [rule] };
        Assert.Equal(isIt ? ["x", "robot:ci"] : ["robot:ci"], AccessRules.Match(tenant, robot).Select(granted => granted.Name));
        var person = new VerifiedIdentity("staff", "robot$ci", [], new Dictionary<string, string>(), "s");
        Assert.False(kind == AccessSubjectKind.Robot && AccessRules.Matches(rule, person));
    }

    [Fact]
    public void The_name_of_what_proves_robots_is_reserved()
    {
        Assert.Contains(_lab.Errors("{ type: htpasswd, file: nowhere }"), error => error.Contains("nowhere"));
        _lab.Write("htpasswd", "robot$ci:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
        Assert.Contains(_lab.Errors("{ type: htpasswd, file: htpasswd }"), error => error.Contains("may not begin with '_' or 'robot$'"));
    }
}
