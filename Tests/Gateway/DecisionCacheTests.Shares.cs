using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

public sealed partial class DecisionCacheTests
{
    [Fact]
    public async Task As_many_rules_as_the_part_of_a_tenant_may_have_are_kept_and_push_nobody_else_out()
    {
        // All that PartBounds and TenantKeys let through: 5,000 rules, 10,000 patterns, 256 KiB of names and patterns.
        var small = _sessions.Decision;
        SessionReference Other(int number) => new($"other/corp/{number}", $"o{number}", 1);
        for (var i = 0; i < 200; i++)
        {
            await Get(Other(i));
        }

        for (var i = 0; i < 40; i++)
        {
            _sessions.Decision = small with
            {
                Rules = [.. Enumerable.Range(0, 5000).Select(number => new GrantedRule(
                    $"rule number {number:D6}",
                    [RepositoryPattern.Parse($"team-{number:D6}/*"), RepositoryPattern.Parse($"unit-{number:D6}/*")],
                    RepositoryActions.Pull))],
            };
            var session = new SessionReference($"acme/corp/{i}", $"a{i}", 1);
            var calls = _sessions.Calls;
            await Get(session);
            await Get(session);
            Assert.Equal(calls + 1, _sessions.Calls);
        }

        var before = _sessions.Calls;
        for (var i = 0; i < 200; i++)
        {
            await Get(Other(i));
        }

        Assert.Equal(before, _sessions.Calls);
    }
}
