using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Writes to registries that differ: scopes of deletions, tokens that end in the middle, conditions.</summary>
public sealed class FieldWriteTests
{
    private const string Credentials = ", credentials: { type: basic, username: robot, password: { value: secret } }";

    private static readonly TestBlob Manifest = TestImage.Build(920, 100).Manifest;

    [Theory]
    [InlineData("delete", true, 1)]
    [InlineData("pull,push", true, 2)]
    [InlineData("*", true, 2)]
    [InlineData("*", false, 3)]
    [InlineData("pull,push,delete", true, 2)]
    public async Task A_deletion_asks_for_the_scope_that_its_registry_wants(string needed, bool says, int tokens)
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            var realm = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"here\"";
            if (context.Request.Path == "/token")
            {
                return context.Response.WriteAsync(
                    $$"""{"token":"{{Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(context.Request.Query["scope"].ToString()))}}","expires_in":300}""");
            }

            var isRight = context.Request.Headers.Authorization
                == $"Bearer {Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes($"repository:team-a/x:{needed}"))}";
            context.Response.StatusCode = isRight ? 202 : 401;
            context.Response.Headers.WWWAuthenticate = isRight ? default : says ? $"{realm},scope=\"repository:team-a/x:{needed}\"" : realm;
            return Task.CompletedTask;
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url, Credentials));
        using var alice = door.Client("alice");
        for (var i = 0; i < 2; i++)
        {
            using var deleted = await alice.Do(
                HttpMethod.Delete, $"/v2/team-a/x/manifests/{Manifest.Digest}", "repository:team-a/x:delete");
            await deleted.ShouldBe(HttpStatusCode.Accepted);
        }

        var scopes = upstream.Requests.Select(request => request.Target)
            .Where(target => target.StartsWith("/token", StringComparison.Ordinal)).Distinct()
            .Where(target => !target.EndsWith("%3Apull", StringComparison.OrdinalIgnoreCase)
                && !target.EndsWith(":pull", StringComparison.Ordinal));
        Assert.Equal(tokens, scopes.Count());
        Assert.Equal("DELETE", upstream.Requests.Last().Method);
    }

    [Fact]
    public async Task A_deletion_that_is_refused_whatever_it_asks_for_ends()
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/token" ? 200 : 401;
            context.Response.Headers.WWWAuthenticate =
                $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"here\",scope=\"repository:other:delete\"";
            return context.Response.WriteAsync(context.Request.Path == "/token" ? """{"token":"t","expires_in":300}""" : "");
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url, Credentials));
        using var alice = door.Client("alice");
        using var refused = await alice.Do(HttpMethod.Delete, $"/v2/team-a/x/manifests/{Manifest.Digest}", "repository:team-a/x:delete");
        await refused.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
        Assert.InRange(upstream.Requests.Count(request => request.Method == "DELETE"), 1, 8);
        Assert.DoesNotContain(upstream.Requests, request => request.Target.Contains("other", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("0-0")]
    [InlineData("next")]
    public async Task A_chunk_without_a_length_counts_where_its_registry_does_not_say_how_much_it_has(string? says)
    {
        var received = 0;
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.StatusCode = HttpMethods.IsGet(context.Request.Method) ? 200
                : HttpMethods.IsHead(context.Request.Method) ? 204 : 202;
            context.Response.Headers.Location = "/v2/team-a/x/blobs/uploads/1";
            received += HttpMethods.IsPatch(context.Request.Method) ? 1000 : 0;
            context.Response.Headers.Range = !HttpMethods.IsPatch(context.Request.Method) ? default(string)
                : says == "next" ? $"0-{received}" : says;
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        var location = await alice.StartUpload("team-a/x");
        foreach (var (from, range) in new[] { (0, "0-999"), (1000, "0-1999") })
        {
            var body = new Pipe();
            await body.Writer.WriteAsync(new byte[1000]);
            await body.Writer.CompleteAsync();
            using var content = new StreamContent(body.Reader.AsStream());
            content.Headers.TryAddWithoutValidation("Content-Range", $"{from}-{from + 999}");
            using var taken = await alice.Do(HttpMethod.Patch, location, RegistryClient.Push("team-a/x"), content);
            await taken.ShouldBe(HttpStatusCode.Accepted);
            Assert.Equal(range, taken.Headers.GetValues("Range").Single());
            location = taken.Headers.Location!.OriginalString;
        }

        using var status = await alice.Do(HttpMethod.Head, location, RegistryClient.Push("team-a/x"));
        await status.ShouldBe(HttpStatusCode.NoContent);
        Assert.Equal("0-1999", status.Headers.GetValues("Range").Single());
    }

    [Fact]
    public async Task An_answer_that_comes_before_the_body_reaches_the_client()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var refusals = Refuse(listener);
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"));
        using var alice = door.Client("alice");
        var location = await alice.StartUpload("team-a/x");
        using var refused = await alice.Do(
            HttpMethod.Patch, location, RegistryClient.Push("team-a/x"), new ByteArrayContent(new byte[1_000_000]));
        await refused.ShouldFail(HttpStatusCode.RequestEntityTooLarge, "SIZE_INVALID");
        listener.Stop();
        await refusals;
    }

    /// <summary>Begins uploads, reads no body, and closes.</summary>
    private static async Task Refuse(System.Net.Sockets.TcpListener listener)
    {
        const string Body = """{"errors":[{"code":"SIZE_INVALID","message":"too large"}]}""";
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                var buffer = new byte[16 * 1024];
                var head = System.Text.Encoding.ASCII.GetString(buffer, 0, await client.GetStream().ReadAsync(buffer));
                var answer = head.StartsWith("PATCH", StringComparison.Ordinal)
                    ? $"413 Content Too Large\r\nContent-Length: {Body.Length}\r\n"
                    : head.StartsWith("POST", StringComparison.Ordinal)
                        ? "202 Accepted\r\nLocation: /v2/team-a/x/blobs/uploads/1\r\nContent-Length: 0\r\n"
                        : "200 OK\r\nContent-Length: 0\r\n";
                await client.GetStream()
                    .WriteAsync(System.Text.Encoding.ASCII.GetBytes(
                        $"HTTP/1.1 {answer}Connection: close\r\n\r\n{(answer[0] == '4' ? Body : "")}"));
            }
        }
        catch (System.Net.Sockets.SocketException)
        {
            // The test is over.
        }
    }

    [Fact]
    public async Task A_manifest_is_sent_again_when_the_token_was_over_and_its_conditions_are_passed_on()
    {
        var (issued, refuse) = (0, true);
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path == "/token")
            {
                await context.Response.WriteAsync($$"""{"token":"t{{Interlocked.Increment(ref issued)}}","expires_in":300}""");
                return;
            }

            var length = (await new StreamReader(context.Request.Body).ReadToEndAsync()).Length;
            if (!HttpMethods.IsPut(context.Request.Method) || (refuse && context.Request.Headers.Authorization == "Bearer t1"))
            {
                context.Response.StatusCode = 401;
                context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"here\"";
                return;
            }

            context.Response.StatusCode = length != Manifest.Bytes.Length ? 400
                : context.Request.Headers.IfMatch == "\"old\"" || context.Request.Headers.IfNoneMatch == "*" ? 412 : 201;
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url, Credentials));
        using var alice = door.Client("alice");
        using var put = await alice.PutManifest("team-a/x", "v1", Manifest);
        await put.ShouldBe(HttpStatusCode.Created);
        Assert.Equal($"/v2/team-a/x/manifests/{Manifest.Digest}", put.Headers.Location!.OriginalString);
        refuse = false;
        foreach (var condition in new[] { ("If-Match", "\"old\""), ("If-None-Match", "*") })
        {
            var content = new ByteArrayContent(Manifest.Bytes);
            content.Headers.ContentType = new(TestImage.OciManifest);
            using var stale = await alice.Do(
                HttpMethod.Put, "/v2/team-a/x/manifests/v1", RegistryClient.Push("team-a/x"), content, condition);
            await stale.ShouldBe(HttpStatusCode.PreconditionFailed);
        }
    }
}
