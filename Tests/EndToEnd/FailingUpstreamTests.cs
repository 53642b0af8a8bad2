using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// An operator is told of an upstream that is down, at any traffic: one line in the log, its state on the page, a counter.
/// </summary>
public sealed class FailingUpstreamTests
{
    [Fact]
    public async Task One_that_is_down_from_the_start_has_one_line_with_the_reason_and_one_when_it_is_there()
    {
        var port = FreePort.Next();
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single($"http://127.0.0.1:{port}"));
        var before = await Failures(door, "grains", "connect");
        using var alice = door.Client("alice");
        Assert.Equal("never asked", (await State(door)).State);
        for (var i = 0; i < 5; i++)
        {
            using var refused = await alice.GetManifest("a/b", "v1");
            Assert.Equal(503, (int)refused.StatusCode);
        }

        Assert.Matches(
            $@"^Upstream {door.Upstream} \(http://127.0.0.1:{port}\) has been failing since \S+ \S+Z \(failures: 1\): " +
            $"upstream '{door.Upstream}' does not answer: connection refused$",
            await Line(door, $"Upstream {door.Upstream} .*has been failing .*"));
        await Eventually.True(
            async () => await Failures(door, "grains", "connect") >= before + 1, "it is counted");
        await Eventually.True(async () => (await State(door)).State == "failing", "the page says so");
        Assert.Contains("connection refused", (await State(door)).LastError);
        await using var upstream = await RecordingUpstream.Start(context => Absent(context, 404), port);
        await Eventually.True(
            async () =>
            {
                using var answer = await alice.GetManifest("a/b", "v1");
                return (int)answer.StatusCode == 404;
            },
            "it is asked again");
        await Line(door, $"Upstream {door.Upstream} recovered after .*");
        await Eventually.True(async () => (await State(door)).State == "healthy", "the page says that, too");
    }

    [Fact]
    public async Task One_that_goes_down_later_is_counted_from_the_first_request()
    {
        var status = 404;
        await using var upstream = await RecordingUpstream.Start(context => Absent(context, status));
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        var before = await Failures(door, "gateway", "status");
        using var alice = door.Client("alice");
        await Get(alice, 404);
        status = 503;
        await Get(alice, 502);
        await Get(alice, 502);
        var line = await Line(door, $"Upstream {door.Upstream} .*has been failing .*");
        Assert.Matches(
            $@"^Upstream {door.Upstream} \({upstream.Url.TrimEnd('/')}\) has been failing since \S+ \S+Z " +
            @"\(failures: 1\): it answers 503$", line);
        await Eventually.True(
            async () => await Failures(door, "gateway", "status") >= before + 2, "it is counted");
        await Eventually.True(async () => (await State(door)).State == "failing", "the page says so");
        Assert.Matches(
            $@"^Upstream {door.Upstream} \({upstream.Url.TrimEnd('/')}\) has been failing since \S+ \S+Z " +
            @"\(failures: [12]\): it answers 503$",
            (await State(door)).LastError);
        status = 404;
        await Eventually.True(
            async () =>
            {
                await Get(alice, 404);
                return Lines(door, $"Upstream {door.Upstream} recovered after .*").Count == 1;
            },
            "it is said that it recovered");
        await Eventually.True(async () => (await State(door)).State == "healthy", "the page says that, too");
        Assert.NotEqual(JsonValueKind.Null,
            JsonDocument.Parse(await door.Admin("/admin/upstreams")).RootElement[0].GetProperty("lastSuccess").ValueKind);
    }

    [Fact]
    public async Task A_request_that_it_refuses_is_counted_and_said_without_an_alarm()
    {
        await using var upstream = await RecordingUpstream.Start(context => Absent(context, 403));
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        var before = await Failures(door, "gateway", "refused");
        using var alice = door.Client("alice");
        await Get(alice, 502);
        await Get(alice, 502);
        var line = await Line(door, $"Upstream {door.Upstream} .*");
        Assert.Contains(" has been refusing requests since ", line);
        Assert.EndsWith("Z (refusals: 1): it refuses a request without a credential (403). The audit log has each", line);
        await Eventually.True(
            async () => await Failures(door, "gateway", "refused") == before + 2, "both are counted");
        await Eventually.True(async () => (await State(door)).LastError.EndsWith("it refuses a request without a credential (403)"),
            "the page says so");
        Assert.Equal("healthy", (await State(door)).State);
    }

    [Fact]
    public async Task Two_repositories_that_fail_while_nobody_asks_for_others_are_those_alone()
    {
        await using var upstream =
            await RecordingUpstream.Start(context => Absent(context, context.Request.Path.Value!.Contains("/bad/") ? 503 : 404));
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        for (var round = 0; round < 10; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => alice.GetManifest($"bad/{i % 2}", "v1")));
            Assert.All(answers, answer => Assert.Equal(502, (int)answer.StatusCode));
        }

        await Get(alice, 404);
        Assert.DoesNotContain("Circuit breaker opened", door.Log);
        Assert.Contains(upstream.Requests, request => request.Target == "/v2/" && !request.Headers.ContainsKey("Authorization"));
    }

    [Fact]
    public async Task A_body_that_its_client_breaks_off_or_garbles_is_no_failure_of_the_upstream()
    {
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            context.Response.StatusCode = context.Request.Method == "GET" ? 200 : 202;
            context.Response.Headers.Location = "/v2/a/b/blobs/uploads/1";
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        var location = await alice.StartUpload("a/b");
        var head = $"PATCH {location} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " +
            $"{await alice.Token(RegistryClient.Push("a/b"))}\r\nTransfer-Encoding: chunked\r\n\r\n";
        Assert.StartsWith("HTTP/1.1 400", await RawHttp.Exchange(door.DataUrl, head + "5\r\nhello\r\nnonsense\r\n"));
        Assert.Equal("healthy", (await State(door)).State);
        Assert.Empty(Lines(door, $"Upstream {door.Upstream} .*has been failing .*"));
    }

    private static async Task Get(RegistryClient client, int status)
    {
        using var answer = await client.GetManifest("a/b", "v1");
        Assert.Equal(status, (int)answer.StatusCode);
    }

    private static Task Absent(HttpContext context, int status)
    {
        context.Response.StatusCode = context.Request.Path == "/v2/" ? 200 : status;
        return Task.CompletedTask;
    }

    /// <summary>The only line of its kind, once it is written: that is after the answer.</summary>
    private static async Task<string> Line(LeasedDoor door, string pattern)
    {
        await Eventually.True(() => Lines(door, pattern).Count > 0, pattern);
        return Assert.Single(Lines(door, pattern));
    }

    private static List<string> Lines(LeasedDoor door, string pattern) =>
        [.. Regex.Matches(door.Log, pattern).Select(match => match.Value.TrimEnd('\r'))];

    private static Task<double> Failures(LeasedDoor door, string counter, string reason) =>
        door.Metric($"registryproxy_{counter}_upstream_failures_total", $"reason=\"{reason}\"");

    private static async Task<(string State, string LastError)> State(LeasedDoor door)
    {
        var upstream = JsonDocument.Parse(await door.Admin("/admin/upstreams")).RootElement[0];
        return (upstream.GetProperty("state").GetString()!, upstream.GetProperty("lastError").GetString() ?? "");
    }
}
