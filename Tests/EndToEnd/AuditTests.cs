using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Who did what, in the audit log.</summary>
public sealed class AuditTests(Lab lab)
{
    [Fact]
    public async Task Every_login_pull_push_refusal_and_revocation_names_who_and_what()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("audit/audit.jsonl");
        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single((await lab.Registry).Url, extra: $"audit: {{ file: {file} }}")
                .Replace("who: [anonymous], repositories: [\"**\"]", "who: [\"user:bob\"], repositories: [\"audit/**\"]"));
        using var alice = door.Client("alice");
        var image = TestImage.Build(170, 1000);
        await alice.PushImage("audit/app", "v1", image);
        using var bob = door.Client("bob");
        (await bob.GetManifest("audit/app", "v1")).Dispose();
        using (var denied = await bob.Do(
            HttpMethod.Delete, $"/v2/audit/app/manifests/{image.Manifest.Digest}", "repository:audit/app:delete"))
        {
            Assert.Equal(HttpStatusCode.Forbidden, denied.StatusCode);
        }

        (await alice.PostToken(("grant_type", "password"), ("username", "carol\u2028\"}{\"event\":\"forged\"}"),
            ("password", "canary-audit"), ("service", "127.0.0.1"))).Dispose();
        using var http = new HttpClient();
        using var content = new StringContent("{\"tenant\":\"acme\",\"subject\":\"bob\"}");
        (await http.PostAsync($"{door.AdminUrl}/admin/sessions/revoke", content)).Dispose();

        List<JsonElement> lines = [];
        await Eventually.True(() => (lines = Read(file)).Exists(line => Is(line, "revoke")), "the revocation is written");
        Assert.Contains(lines, line =>
            Is(line, "push") && Text(line, "subject") == "alice" && Text(line, "rule") == "alice"
                && Text(line, "digest") == image.Manifest.Digest.Value);
        var pull = Assert.Single(lines, line => Is(line, "pull"));
        Assert.Equal(("bob", "staff", "audit/app", "v1", "allow", "everybody", "local", "127.0.0.1"), (
            Text(pull, "subject"), Text(pull, "authenticator"), Text(pull, "repository"), Text(pull, "reference"), Text(pull, "decision"),
            Text(pull, "rule"), Text(pull, "upstream"), Text(pull, "client")));
        Assert.Equal(200, pull.GetProperty("status").GetInt32());
        Assert.Equal(image.Manifest.Bytes.Length, pull.GetProperty("bytes").GetInt64());
        Assert.Contains(lines, line =>
            Is(line, "denied") && Text(line, "subject") == "bob" && Text(line, "action") == "delete"
                && line.GetProperty("status").GetInt32() == 403);
        Assert.Contains(lines, line =>
            Is(line, "login") && Text(line, "decision") == "deny" && Text(line, "subject").StartsWith("carol", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => Is(line, "forged"));
        Assert.DoesNotContain("canary", await File.ReadAllTextAsync(file));
    }

    [Theory]
    [InlineData("v3", false, 201, 201, 201, 502, 502)]
    [InlineData("v2", true, 201, 201, 502, 201, 502)]
    [InlineData("sha256", false, 502, 502, 502, 502, 502)]
    public async Task A_push_of_several_tags_that_stops_midway_has_a_line_for_each_with_what_became_of_it(
        string fails, bool knowsSome, int digest, int v1, int v2, int v3, int v4)
    {
        var image = TestImage.Build(171, 100);
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            var name = context.Request.Path.Value!.Split('/')[^1];
            context.Response.StatusCode = name.Length == 0 ? 200 : name.StartsWith(fails, StringComparison.Ordinal) ? 500 : 201;
            context.Response.Headers["OCI-Tag"] = knowsSome && name.StartsWith("sha256", StringComparison.Ordinal) ? "v1, v3" : default;
        });
        using var folder = new TemporaryFolder();
        var file = folder.File("audit.jsonl");
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url, extra: $"audit: {{ file: {file} }}"));
        using var alice = door.Client("alice");
        using var put = await alice.PutManifest("a/b", $"{image.Manifest.Digest}?tag=v1&tag=v2&tag=v3&tag=v4", image.Manifest);
        Assert.Equal(HttpStatusCode.BadGateway, put.StatusCode);
        List<JsonElement> lines = [];
        await Eventually.True(() => (lines = Read(file).FindAll(line => Is(line, "push"))).Count == 5, "each has its line");
        Assert.Equal(
            [(image.Manifest.Digest.Value, digest), ("v1", v1), ("v2", v2), ("v3", v3), ("v4", v4)],
            lines.Select(line => (Text(line, "reference"), line.GetProperty("status").GetInt32())));
    }

    [Fact]
    public async Task A_full_file_is_put_aside_and_the_oldest_goes()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("audit.jsonl");
        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single((await lab.Registry).Url, extra: $"audit: {{ file: {file}, maxBytes: 2KiB, keep: 2 }}"));
        using var alice = door.Client("alice");
        for (var i = 0; i < 60; i++)
        {
            (await alice.RequestToken([])).Dispose();
        }

        await Eventually.True(() => File.Exists($"{file}.2"), "two files are put aside");
        Assert.False(File.Exists($"{file}.3"));
        Assert.All(Directory.GetFiles(folder.Path, "audit.jsonl.*"), aside => Assert.NotEmpty(Read(aside)));
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_holds_up_no_pull_and_counts_what_is_lost()
    {
        using var folder = new TemporaryFolder();
        folder.Write("blocked", "a file where a folder should be");
        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single((await lab.Registry).Url, extra: $"audit: {{ file: {folder.File("blocked/audit.jsonl")} }}"));
        using var alice = door.Client("alice");
        using var login = await alice.RequestToken([]);
        Assert.Equal(HttpStatusCode.OK, login.StatusCode);
        await Eventually.True(async () => await door.Metric("registryproxy_audit_lost") >= 1, "the loss is counted");
        Assert.Contains("audit log cannot be written", door.Log);
        File.Delete(folder.File("blocked"));
        using var again = await alice.RequestToken([]);
        await Eventually.True(() =>
            File.Exists(folder.File("blocked/audit.jsonl")) && Read(folder.File("blocked/audit.jsonl")).Exists(line => Is(line, "lost")),
                "the log goes on and says what was lost");
        await Eventually.True(() => door.Log.Contains("The audit log is written again after "), "the log of the process says so, too");
        Assert.Single(Regex.Matches(door.Log, "audit log cannot be written"));
    }

    [Theory]
    [InlineData("127.0.0.0/8", "6.6.6.6, 203.0.113.7", "203.0.113.7")]
    [InlineData("127.0.0.0/8", "6.6.6.6, 203.0.113.7, 127.0.0.9", "203.0.113.7")]
    [InlineData("127.0.0.0/8", "nonsense", "127.0.0.1")]
    [InlineData("10.0.0.0/8", "6.6.6.6", "127.0.0.1")]
    public async Task A_client_is_who_the_trusted_proxies_say(string trusted, string forwarded, string client)
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("audit.jsonl");
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(
            (await lab.Registry).Url, extra: $"audit: {{ file: {file} }}\nlisten: {{ trustedProxies: [\"{trusted}\"] }}"));
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Add("X-Forwarded-For", forwarded);
        http.DefaultRequestHeaders.Add("X-Real-IP", "7.7.7.7");
        http.DefaultRequestHeaders.Add("Forwarded", "for=8.8.8.8");
        (await http.GetAsync($"{door.DataUrl}/token?service=127.0.0.1")).Dispose();
        await Eventually.True(() => Read(file).Count == 1, "the login is written");
        Assert.Equal(client, Text(Read(file)[0], "client"));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("\ncache: { path: cache, maxBytes: 1MiB }", ", cache: true")]
    public async Task A_client_that_left_before_it_was_answered_was_not_answered_well(string cache, string route)
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("audit.jsonl");
        var asked = new TaskCompletionSource();
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path.Value!.Contains("/manifests/"))
            {
                asked.TrySetResult();
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        });
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single(upstream.Url, extra: $"audit: {{ file: {file} }}{cache}", extraRoute: route));
        using var alice = door.Client("alice");
        var token = await alice.Token("repository:audit/left:pull,push");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{door.DataUrl}/v2/audit/left/manifests/v1");
        request.Headers.Authorization = new("Bearer", token);
        using var left = new CancellationTokenSource();
        var asking = alice.Http.SendAsync(request, left.Token);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await Eventually.True(() => Read(file).Exists(line => Is(line, "pull")), "the pull is written");
        var pull = Read(file).Find(line => Is(line, "pull"));
        Assert.Equal(499, pull.GetProperty("status").GetInt32());
        Assert.False(pull.TryGetProperty("bytes", out _));
    }

    private static List<JsonElement> Read(string file) =>
        File.Exists(file) ? [.. File.ReadAllLines(file).Select(line => JsonDocument.Parse(line).RootElement)] : [];

    private static bool Is(JsonElement line, string name) => Text(line, "event") == name;

    private static string Text(JsonElement line, string field) => line.TryGetProperty(field, out var value) ? value.GetString()! : "";
}
