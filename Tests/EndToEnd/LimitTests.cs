using System.Diagnostics;
using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What a tenant may use, and that its neighbour does not feel it.</summary>
public sealed class LimitTests(Lab lab)
{
    [Fact]
    public async Task Requests_beyond_the_rate_are_429_and_the_neighbour_is_not_touched()
    {
        await using var door = await FrontDoor.Start(TwoTenants("requestsPerSecond: 50", (await lab.Registry).Url));
        using var alice = new RegistryClient(door.DataUrl.Replace("127.0.0.1", "localhost"), "alice", FrontDoor.PasswordOf("alice"));
        using var neighbour = door.Client("alice");
        var (busy, quiet) = (await TokenOf(alice, "localhost"), await neighbour.Token(RegistryClient.Pull("none/a")));
        var watch = Stopwatch.StartNew();
        var (allowed, refused) = (0, 0);
        while (watch.Elapsed < TimeSpan.FromSeconds(4) || (refused <= allowed && watch.Elapsed < TimeSpan.FromSeconds(60)))
        {
            foreach (var response in await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => alice.Send(HttpMethod.Get, "/v2/", busy))))
            {
                if (response.StatusCode == HttpStatusCode.TooManyRequests)
                {
                    refused++;
                    Assert.True(response.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
                    Assert.Contains("TOOMANYREQUESTS", await response.Content.ReadAsStringAsync());
                }
                else
                {
                    Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                    allowed++;
                }

                response.Dispose();
            }

            using var other = await neighbour.Send(HttpMethod.Get, "/v2/", quiet);
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        }

        Assert.True(refused > allowed, $"{refused} refused, {allowed} allowed");

        // A machine that cannot ask for as much is refused nothing for some of the time.
        Assert.InRange(allowed, Math.Min(0.8 * 50 * 4, 0.4 * (allowed + refused)), (1.2 * 50 * (watch.Elapsed.TotalSeconds + 1)) + 1);
    }

    [Theory]
    [InlineData("requestsPerSecond: 3")]
    [InlineData("perIdentity: { requestsPerSecond: 3 }")]
    public async Task Whatever_is_asked_of_a_tenant_counts_but_for_probes_and_the_page(string limit)
    {
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single("http://127.0.0.1:9").Replace("routes:", $"limits: {{ {limit} }}\n    routes:"));
        foreach (var target in new[] { "/token", "/token?scope=%", "/token/nonce?authenticator=x", "/.well-known/jwks.json", "/v2/",
            "/v2/a/tags/list", "/v2/..%2f/x", "/v2/_catalog/x", "/login", "/nothing" })
        {
            var statuses = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => RawHttp.Status(door.DataUrl, target)));
            Assert.True(statuses.Contains(429), $"{target}: {string.Join(' ', statuses.Distinct())}");
        }

        foreach (var probe in new[] { "/livez", "/readyz" })
        {
            Assert.All(await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => RawHttp.Status(door.DataUrl, probe))),
                status => Assert.Equal(200, status));
        }
    }

    [Fact]
    public async Task One_identity_beyond_its_rate_leaves_the_others_theirs()
    {
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single((await lab.Registry).Url)
                .Replace("routes:", "limits: { perIdentity: { requestsPerSecond: 5 } }\n    routes:"));
        using var alice = door.Client("alice");
        using var bob = door.Client("bob");
        var (hers, his) = (await alice.Token(""), await bob.Token(""));
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 40; i++)
        {
            using var response = await alice.Send(HttpMethod.Get, "/v2/", hers);
            answers.Add(response.StatusCode);
        }

        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
        using var other = await bob.Send(HttpMethod.Get, "/v2/", his);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task Right_logins_count_for_their_identity_and_not_for_others_at_its_address()
    {
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single("http://127.0.0.1:9")
                .Replace("routes:", "limits: { perIdentity: { requestsPerSecond: 5 } }\n    routes:"));
        using var alice = door.Client("alice");
        using var bob = door.Client("bob");
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Login(alice, "alice")));
        Assert.Contains(HttpStatusCode.OK, answers);
        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
        Assert.Equal(HttpStatusCode.OK, await Login(bob, "bob"));

        static async Task<HttpStatusCode> Login(RegistryClient client, string user)
        {
            using var response = await client.PostToken(
                ("grant_type", "password"), ("username", user), ("password", FrontDoor.PasswordOf(user)), ("service", "127.0.0.1"));
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task Transfers_at_once_are_counted_and_given_back()
    {
        var release = new TaskCompletionSource();
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path == "/v2/")
            {
                return;
            }

            context.Response.ContentLength = 2;
            await context.Response.Body.WriteAsync(new byte[1]);
            await context.Response.Body.FlushAsync();
            await release.Task;
            await context.Response.Body.WriteAsync(new byte[1]);
        });
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single(upstream.Url).Replace("routes:", "limits: { concurrentStreams: 3 }\n    routes:"));
        using var alice = door.Client("alice");
        var digest = TestBlob.Random(1, 1).Digest;
        var running = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => alice.GetBlob("a/b", digest)));
        Assert.All(running, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        using (var fourth = await alice.GetBlob("a/b", digest))
        {
            await fourth.ShouldFail(HttpStatusCode.TooManyRequests, "TOOMANYREQUESTS");
        }

        release.SetResult();
        foreach (var response in running)
        {
            await response.Content.ReadAsByteArrayAsync();
            response.Dispose();
        }

        await Eventually.True(async () =>
        {
            using var again = await alice.GetBlob("a/b", digest);
            return again.StatusCode == HttpStatusCode.OK;
        }, "an ended transfer makes room");
    }

    [Fact]
    public async Task A_stranger_who_keeps_his_transfers_leaves_some_to_others()
    {
        var release = new TaskCompletionSource();
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path != "/v2/")
            {
                context.Response.ContentLength = 2;
                await context.Response.Body.WriteAsync(new byte[1]);
                await context.Response.Body.FlushAsync();
                await release.Task;
                await context.Response.Body.WriteAsync(new byte[1]);
            }
        });
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single(upstream.Url).Replace("routes:", "limits: { concurrentStreams: 10 }\n    routes:"));
        using var stranger = door.Client();
        using var alice = door.Client("alice");
        var digest = TestBlob.Random(1, 1).Digest;
        var kept = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => stranger.GetBlob("a/b", digest)));
        Assert.Equal(8, kept.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        using (var other = await alice.GetBlob("a/b", digest))
        {
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        }

        release.SetResult();
        Array.ForEach(kept, answer => answer.Dispose());
    }

    [Fact]
    public async Task Bytes_are_paced_in_both_directions_and_arrive_whole()
    {
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single((await lab.Registry).Url).Replace("routes:", "limits: { bytesPerSecond: 1MiB }\n    routes:"));
        using var alice = door.Client("alice");
        var blob = TestBlob.Random(180, 3 * 1024 * 1024);
        var watch = Stopwatch.StartNew();
        await alice.PushBlob("paced/app", blob);
        using var response = await alice.GetBlob("paced/app", blob.Digest);
        Assert.Equal(blob.Bytes, await response.Content.ReadAsByteArrayAsync());
        Assert.InRange(watch.Elapsed.TotalSeconds, 4.5, 60);
    }

    [Fact]
    public async Task Several_gateways_share_the_limits_of_the_cluster()
    {
        var limited = DoorConfiguration.Single(
            (await lab.Registry).Url, extra: $"cluster: {{ siloPort: {FreePort.Next()}, gatewayPort: {FreePort.Next()} }}")
            .Replace("routes:", "limits: { requestsPerSecond: 60 }\n    routes:");
        using var folder = new TemporaryFolder();
        await FrontDoor.WriteUsers(folder);
        var config = folder.Write("config.yaml", limited);
        await using var silo = Start("Silo", config);
        await using var first = Start("Gateway", config, "--listen-data", "http://127.0.0.1:0");
        await using var second = Start("Gateway", config, "--listen-data", "http://127.0.0.1:0");
        var clients = new List<RegistryClient>();
        foreach (var gateway in new[] { first, second })
        {
            var url = await gateway.Line(line => After(line, "data listening on "));
            var client = new RegistryClient(url, "alice", FrontDoor.PasswordOf("alice"));
            await Eventually.True(async () => (await client.Http.GetAsync("/readyz")).IsSuccessStatusCode, "the gateway is ready");
            clients.Add(client);
        }

        var tokens = await Task.WhenAll(clients.Select(client => client.Token("")));

        // Each gateway hears of the other when it next asks the cluster, within two seconds; and where only one of them is asked, it has
        // all.
        await Eventually.True(() => IsLimited(2), "both gateways share the limit", TimeSpan.FromSeconds(90));
        await Eventually.True(() => IsLimited(1), "one gateway has the limit", TimeSpan.FromSeconds(90));
        clients.ForEach(client => client.Dispose());

        // More was asked for than there is, by a machine that could, and as much was had.
        async Task<bool> IsLimited(int gateways)
        {
            var (allowed, sent) = (0, 0);
            var watch = Stopwatch.StartNew();
            while (watch.Elapsed < TimeSpan.FromSeconds(4))
            {
                var answers = await Task.WhenAll(
                    clients.Zip(tokens).Take(gateways)
                        .SelectMany(pair => Enumerable.Range(0, 10).Select(_ => pair.First.Send(HttpMethod.Get, "/v2/", pair.Second))));
                allowed += answers.Count(answer => answer.StatusCode == HttpStatusCode.OK);
                sent += answers.Length;
                Array.ForEach(answers, answer => answer.Dispose());
            }

            var (rate, offered) = (allowed / watch.Elapsed.TotalSeconds, sent / watch.Elapsed.TotalSeconds);
            return offered > 60 * 1.4 && rate is >= 60 * 0.8 and <= 60 * 1.2;
        }
    }

    private static ChildProcess Start(string project, string config, params string[] arguments) =>
        ChildProcess.Start("dotnet", [FrontDoor.DllOf(project), "--config", config, "--listen-admin", "http://127.0.0.1:0", .. arguments]);

    private static string? After(string line, string prefix) =>
        line.StartsWith(prefix, StringComparison.Ordinal) ? line[prefix.Length..].Trim() : null;

    internal static async Task<string> TokenOf(RegistryClient client, string service)
    {
        using var response = await client.PostToken(
            ("grant_type", "password"), ("username", "alice"), ("password", FrontDoor.PasswordOf("alice")), ("service", service));
        return (await RegistryClient.ReadToken(response)).Token!;
    }

    internal static string TwoTenants(string limits, string upstream) => $$"""
        upstreams:
          local: { url: "{{upstream}}", allowPrivate: true }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
        tenants:
          busy:
            hosts: [localhost]
            authenticators: [staff]
            limits: { {{limits}} }
            routes: [{ prefix: "", upstream: local }]
            access: [{ name: all, who: ["user:alice"], repositories: ["**"], actions: [pull, push] }]
          quiet:
            hosts: ["127.0.0.1"]
            authenticators: [staff]
            routes: [{ prefix: "", upstream: local }]
            access: [{ name: all, who: ["user:alice"], repositories: ["**"], actions: [pull, push] }]
        """;
}
