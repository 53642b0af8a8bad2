using System.Net;
using System.Text;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Clients that send a user name and a password with every request to the API.</summary>
public sealed class BasicLoginTests
{
    private const string Manifest = "/v2/a/b/manifests/v1";

    private const string GrainCalls = "registryproxy_gateway_grain_calls_total";

    private static readonly TestImage Image = TestImage.Build(940, 100);

    private static string Yaml(string upstream) => DoorConfiguration.Single(upstream)
        .Replace("who: [anonymous], repositories: [\"**\"]", "who: [anonymous], repositories: [\"public/**\"]")
        + "\n      - { name: bob, who: [\"user:bob\"], repositories: [\"a/**\"], actions: [pull] }\n";

    [Fact]
    public async Task A_password_opens_what_the_rules_give_is_asked_for_once_and_goes_no_further()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var client = door.Client();
        var crowd = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Send(client, HttpMethod.Get, "/v2/", Of("alice"))));
        Assert.All(crowd, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Equal(1, await door.Metric(GrainCalls, "grain=\"login\""));
        foreach (var (method, path, status) in new[]
        {
            (HttpMethod.Get, Manifest, HttpStatusCode.OK), (HttpMethod.Head, $"/v2/a/b/blobs/{Image.Config.Digest}", HttpStatusCode.OK),
            (HttpMethod.Get, "/v2/a/b/tags/list", HttpStatusCode.OK), (HttpMethod.Post, "/v2/a/b/blobs/uploads/", HttpStatusCode.Accepted),
        })
        {
            await Status(status, Send(client, method, path, Of("alice")));
        }

        await Status(HttpStatusCode.OK, Send(client, HttpMethod.Get, Manifest, Of("bob")));
        // Leases of decisions are renewed at their time: of three looks one at least falls between.
        List<double> calls = [];
        for (var look = 0; look < 3; look++)
        {
            var before = await Calls(door);
            for (var i = 0; i < 10; i++)
            {
                await Status(HttpStatusCode.OK, Send(client, HttpMethod.Get, Manifest, Of("alice")));
                await Status(HttpStatusCode.Forbidden, Send(client, HttpMethod.Post, "/v2/a/b/blobs/uploads/", Of("bob")));
                await Status(HttpStatusCode.Forbidden, Send(client, HttpMethod.Get, "/v2/_catalog", Of("bob")));
            }

            calls.Add(await Calls(door) - before);
        }

        Assert.Contains(0, calls);
        Assert.Single((await door.Admin("/admin/sessions?tenant=acme")).Split("\"alice\"").Skip(1));
        Assert.DoesNotContain(upstream.Requests, request => request.Headers.ContainsKey("Authorization"));
        await Status(HttpStatusCode.NotFound, Send(client, HttpMethod.Get, "/admin/sessions?tenant=acme", Of("alice")));
    }

    [Fact]
    public async Task What_proves_nothing_is_refused_with_the_challenge_for_a_token()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var client = door.Client();
        using var alice = door.Client("alice");
        foreach (var pair in new[] { "alice:wrong", "alice:", "nobody:x", "_staff:x", "_session:x", ":", "no-colon",
            "bob:alice-canary-password" })
        {
            using var refused = await Send(client, HttpMethod.Get, Manifest, pair);
            Assert.Equal("repository:a/b:pull", refused.Challenge()["scope"]);
            Assert.Null(refused.Challenge()["error"]);
        }

        // None of them costs who has the right one anything, and empty passwords are no guesses.
        for (var i = 0; i < 60; i++)
        {
            await Status(HttpStatusCode.Unauthorized, Send(client, HttpMethod.Get, Manifest, "alice:"));
        }

        await Status(HttpStatusCode.OK, Send(client, HttpMethod.Get, Manifest, Of("alice")));
        var tries = new List<HttpStatusCode>();
        for (var i = 0; i < 30; i++)
        {
            using var guess = await Send(client, HttpMethod.Get, Manifest, $"alice:guess-{i}");
            tries.Add(guess.StatusCode);
        }

        Assert.Equal([HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests], tries.Distinct());
        await Status(HttpStatusCode.TooManyRequests, Send(client, HttpMethod.Get, Manifest, Of("alice")));
        await Status(HttpStatusCode.OK, Send(client, HttpMethod.Get, Manifest, Of("bob")));
    }

    [Fact]
    public async Task A_session_that_is_revoked_and_a_password_that_is_changed_open_nothing()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var client = door.Client();
        using var alice = door.Client("alice");
        using var login = await alice.RequestToken([], "&offline_token=true");
        var refresh = (await RegistryClient.ReadToken(login)).RefreshToken!;
        foreach (var user in new[] { "_session", "<token>", "alice" })
        {
            await Status(HttpStatusCode.OK, Send(client, HttpMethod.Get, Manifest, $"{user}:{refresh}"));
        }

        await Status(HttpStatusCode.Unauthorized, Send(client, HttpMethod.Get, Manifest, $"bob:{refresh}"));
        await Status(HttpStatusCode.OK, Send(client, HttpMethod.Get, Manifest, Of("alice")));
        using var http = new HttpClient();
        using var content = new StringContent("""{"tenant":"acme","subject":"alice"}""");
        using var revoked = await http.PostAsync($"{door.AdminUrl}/admin/sessions/revoke", content);
        foreach (var user in new[] { "_session", "<token>", "alice" })
        {
            await Status(HttpStatusCode.Unauthorized, Send(client, HttpMethod.Get, Manifest, $"{user}:{refresh}"));
        }

        // Who has the password logs in again.
        await Status(HttpStatusCode.OK, Send(client, HttpMethod.Get, Manifest, Of("alice")));
        var lines = (await Shell.Run("htpasswd", ["-nbB", "-C", "4", "alice", "new"])).Output.Trim();
        await File.WriteAllTextAsync(door.PathOf("htpasswd.new"), lines + "\n");
        File.Move(door.PathOf("htpasswd.new"), door.PathOf("htpasswd"), overwrite: true);
        await Eventually.True(
            async () =>
            {
                using var old = await Send(client, HttpMethod.Get, Manifest, Of("alice"));
                return old.StatusCode == HttpStatusCode.Unauthorized;
            },
            "the password of before is refused", TimeSpan.FromSeconds(20));
        await Status(HttpStatusCode.OK, Send(client, HttpMethod.Get, Manifest, "alice:new"));
    }

    private static string Of(string user) => $"{user}:{FrontDoor.PasswordOf(user)}";

    private static Task<HttpResponseMessage> Send(RegistryClient client, HttpMethod method, string path, string pair) =>
        client.Send(method, path, null, null, ("Authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(pair))}"));

    private static async Task Status(HttpStatusCode status, Task<HttpResponseMessage> answer)
    {
        using var response = await answer;
        await response.ShouldBe(status);
    }

    /// <summary>But those that a gateway makes by itself, every two seconds.</summary>
    private static async Task<double> Calls(FrontDoor door) =>
        await door.Metric(GrainCalls) - await door.Metric(GrainCalls, "grain=\"snapshot\"");
}
