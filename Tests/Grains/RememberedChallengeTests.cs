using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Upstreams.TokenServices;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Grains;

/// <summary>What is kept of the way an upstream asked for one repository.</summary>
public sealed class RememberedChallengeTests
{
    private static readonly UpstreamConfiguration Registry = ConfigurationFile.Parse("""
        upstreams:
          up: { url: "https://registry.example", credentials: { type: basic, username: me, password: { value: canary } } }
        tenants:
          acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }] }
        """, "config.yaml").Snapshot!.Configuration.Upstreams["up"];

    [Theory]
    [InlineData("Bearer realm=\"https://registry.example/token\",service=\"a \\\"b\\\"\"")]
    [InlineData("Bearer realm=\"https://registry.example/token?x=%22y\"")]
    [InlineData("Bearer realm=\"https://elsewhere.example/token\", Basic realm=\"r\"")]
    public void It_is_the_one_challenge_that_is_chosen_however_much_was_said(string chosen)
    {
        var junk = $"Digest {string.Join(',', Enumerable.Range(0, 200).Select(number => $"p{number}=\"{new string('x', 20)}\""))}";
        var kept = Assert.Single(ChallengeChoice.Shortest(Registry, [junk, chosen, junk, junk, junk, junk, junk, junk])!);
        Assert.InRange(kept.Length, 1, ChallengeChoice.MaxAsked);
        Assert.Equal(ChallengeChoice.Of(Registry, Challenge.ParseAll(chosen)), ChallengeChoice.Of(Registry, Challenge.ParseAll(kept)));
    }

    [Fact]
    public void It_is_nothing_when_nothing_in_it_is_of_use_or_it_is_too_long()
    {
        Assert.Null(ChallengeChoice.Shortest(Registry, ["Bearer realm=\"https://elsewhere.example/token\"", "Negotiate"]));
        Assert.Null(ChallengeChoice.Shortest(
            Registry, [$"Bearer realm=\"https://registry.example/{new string('x', 1500)}\",service=\"{new string('y', 1000)}\""]));
        Assert.Equal([], ChallengeChoice.Shortest(Registry, [])!);
    }
}
