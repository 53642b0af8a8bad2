using System.Web;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>Authorization codes that somebody made up cost the provider little, and nobody else a login.</summary>
public sealed class JunkCodeTests
{
    [Fact]
    public async Task The_provider_is_asked_for_few_of_the_codes_that_one_address_makes_up()
    {
        await using var provider = await OpenIdProvider.Start();
        await using var cluster = await GrainCluster.Start(
            Yaml(OpenIdProvider.ClientId), time: new FakeTimeProvider(DateTimeOffset.UtcNow));
        var people = cluster.Client.GetGrain<IInteractiveLoginGrain>(0);
        var begun = await people.Begin(
            new InteractiveLoginRequest("acme", "sso", "http://door.example/login/callback", null), TestContext.Current.CancellationToken);
        var state = HttpUtility.ParseQueryString(begun.Address!.Query)["state"]!;
        var answers = new Dictionary<LoginStatus, int>();
        for (var i = 0; i < 200; i++)
        {
            var answer = await Finish($"junk-{i}", "10.0.0.1", state);
            answers[answer] = answers.GetValueOrDefault(answer) + 1;
        }

        Assert.Equal([LoginStatus.Rejected, LoginStatus.Throttled], answers.Keys.Order());
        Assert.InRange(provider.Redemptions, 1, 70);
        Assert.Equal(answers[LoginStatus.Rejected], provider.Redemptions);

        // What does not belong to this browser costs nobody anything, and another address is another matter.
        var asked = provider.Redemptions;
        Assert.Equal(LoginStatus.Rejected, await Finish("junk", "10.0.0.2", "another-state"));
        Assert.Equal(asked, provider.Redemptions);
        Assert.Equal(LoginStatus.Rejected, await Finish("junk", "10.0.0.2", state));
        Assert.Equal(asked + 1, provider.Redemptions);

        // Who was sent to another provider, or for another client, brings no code for this one.
        cluster.Configuration.Replace(ConfigurationFile.Parse(Yaml("another"), cluster.ConfigurationPath).Snapshot!);
        Assert.Equal(LoginStatus.Rejected, await Finish("junk", "10.0.0.3", state));
        Assert.Equal(asked + 1, provider.Redemptions);

        string Yaml(string client) => $$"""
            upstreams: { up: { url: "https://up.example" } }
            authenticators:
              sso:
                { type: oidc, issuer: "{{provider.Url}}", audience: x, allowAnySubject: true, allowPrivate: true,
                  clientId: {{client}}, clientSecret: { value: "{{OpenIdProvider.ClientSecret}}" } }
            tenants:
              acme: { hosts: ["*"], authenticators: [sso], routes: [{ prefix: "", upstream: up }] }
            """;

        async Task<LoginStatus> Finish(string code, string address, string ofState)
        {
            var reply = new InteractiveLoginReply
            {
                Tenant = "acme", Service = "door.example", Callback = "http://door.example/login/callback", Flow = begun.Flow!,
                State = ofState,
                Code = new Secret(code), ClientAddress = address, Issuer = provider.Url,
            };
            return (await people.Finish(reply, TestContext.Current.CancellationToken)).Status;
        }
    }
}
