using System.Diagnostics;
using System.Net;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The rate limit of an account at an upstream, as Docker Hub has it: one budget for the whole cluster.</summary>
[Collection(AloneCollection.Name)]
public sealed class BudgetTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Gateways_share_what_the_account_has_left_and_nobody_storms_the_upstream()
    {
        await using var hub = await MeteredRegistry.Start();
        await using var doors = await SplitDoor.Start(Yaml(hub.Url), gateways: 2);
        var clients = doors.Gateways.Select(gateway => new RegistryClient(gateway, "alice", FrontDoor.PasswordOf("alice"))).ToList();
        await Task.WhenAll(clients.Select(client => client.Token(RegistryClient.Pull("one/app"))));
        var watch = Stopwatch.StartNew();
        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(i => Pull(clients[i % 2], "one/app")));
        output.WriteLine(
            $"{answers.Count(answer => answer.Status == HttpStatusCode.OK)} pulled, {hub.Refusals} refused by the upstream, "
            + $"{answers.Count(answer => answer.Status == HttpStatusCode.TooManyRequests)} refused here, " +
                $"slowest {answers.Max(answer => answer.Elapsed).TotalSeconds:0.0} s, all in {watch.Elapsed.TotalSeconds:0.0} s");
        Assert.Equal(100, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), answer =>
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.Status);
            Assert.True(answer.RetryAfter >= TimeSpan.FromSeconds(1));
        });
        Assert.InRange(hub.Refusals, 0, 16);
        Assert.True(answers.Max(answer => answer.Elapsed) < TimeSpan.FromSeconds(7));

        // HEAD and blobs do not count, and one tenant's exhausted account is nothing to another's.
        using (var head = await clients[0].Do(HttpMethod.Head, "/v2/one/app/manifests/v1", RegistryClient.Pull("one/app")))
        {
            await head.ShouldBe(HttpStatusCode.OK);
        }

        watch.Restart();
        Assert.Equal(HttpStatusCode.OK, (await Pull(clients[1], "two/app")).Status);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"the other account took {watch.Elapsed}");
        Assert.Contains("\"remaining\":0", (await doors.Admin("/admin/upstreams")).Replace(" ", ""));
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task A_429_is_waited_for_and_kept_to_by_all_who_ask()
    {
        await using var hub = await MeteredRegistry.Start();
        (hub.Limit, hub.RetryAfter, hub.Window) = (0, "2", 60);
        await using var door = await FrontDoor.Start(Yaml(hub.Url));
        using var alice = door.Client("alice");
        await alice.Token(RegistryClient.Pull("one/app"));
        var waiting = Enumerable.Range(0, 50).Select(_ => Pull(alice, "one/app")).ToList();
        await Support.Processes.Eventually.True(() => hub.Refusals > 0, "the upstream refused");
        hub.Limit = 1000;
        var answers = await Task.WhenAll(waiting);
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.InRange(answers.Max(answer => answer.Elapsed).TotalSeconds, 1.5, 5);
        Assert.InRange(hub.Refusals, 1, 5);
    }

    [Fact]
    public async Task A_long_429_is_passed_on_with_its_time_and_the_upstream_left_alone()
    {
        await using var hub = await MeteredRegistry.Start();
        (hub.Limit, hub.RetryAfter) = (0, "300");
        await using var door = await FrontDoor.Start(Yaml(hub.Url));
        using var alice = door.Client("alice");
        for (var i = 0; i < 20; i++)
        {
            var answer = await Pull(alice, "one/app");
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.Status);
            Assert.InRange(answer.RetryAfter!.Value.TotalSeconds, 290, 300);
        }

        Assert.Equal(1, hub.Refusals);
    }

    private static string Yaml(string url) => $$"""
        upstreams:
          one: { url: "{{url}}", allowPrivate: true, credentials: { type: basic, username: one, password: { value: canary } } }
          two: { url: "{{url}}", allowPrivate: true, credentials: { type: basic, username: two, password: { value: canary } } }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff]
            routes: [{ prefix: one, upstream: one }, { prefix: two, upstream: two }]
            access: [{ name: all, who: ["user:alice"], repositories: ["**"], actions: [pull] }]
        """;

    private static async Task<(HttpStatusCode Status, TimeSpan? RetryAfter, TimeSpan Elapsed)> Pull(
        RegistryClient client, string repository)
    {
        var watch = Stopwatch.StartNew();
        using var response = await client.GetManifest(repository, "v1");
        return (response.StatusCode, response.Headers.RetryAfter?.Delta, watch.Elapsed);
    }
}
