using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A registry that is open at <c>/v2/</c> and asks for credentials at its repositories, at each in another way.</summary>
public sealed class FieldCredentialTests
{
    private const string Credentials = ", credentials: { type: basic, username: robot, password: { value: secret } }";

    private static readonly TestBlob Manifest = TestImage.Build(900, 100).Manifest;

    [Fact]
    public async Task Credentials_are_sent_where_a_repository_asks_and_nowhere_else()
    {
        await using var upstream = await RecordingUpstream.Start(Serve);
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url, Credentials));
        using var client = door.Client();
        using var alice = door.Client("alice");
        foreach (var repository in new[] { "public/a", "basic/a", "bearer/a", "silent/a", "many/a", "odd/a" })
        {
            using var pulled = await client.GetManifest(repository, "v1");
            await pulled.ShouldBe(HttpStatusCode.OK);
            Assert.Equal(Manifest.Bytes, await pulled.Content.ReadAsByteArrayAsync());
        }

        // A body cannot be sent twice: what asked at the start of the upload is known when it comes.
        await alice.PushBlob("bearer/a", Manifest);
        await alice.PushBlob("basic/a", Manifest);
        using var foreign = await client.GetManifest("foreign/a", "v1");
        await foreign.ShouldBe(HttpStatusCode.BadGateway);
        Assert.Equal(HttpStatusCode.OK, (await client.GetManifest("public/b", "v1")).StatusCode);
        Assert.DoesNotContain(upstream.Requests,
            request => request.Target.StartsWith("/v2/public/", StringComparison.Ordinal) && request.Headers.ContainsKey("Authorization"));
        Assert.All(upstream.Requests.Where(request => request.Target.StartsWith("/token", StringComparison.Ordinal)),
            request => Assert.DoesNotContain("service=&", request.Target + "&"));
    }

    [Fact]
    public async Task A_token_service_and_a_registry_that_moved_on_their_own_origin_are_followed()
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            var path = context.Request.Path.Value!;
            if (path is "/v2/" or "/token")
            {
                context.Response.StatusCode = path == "/token" ? 301 : 308;
                context.Response.Headers.Location = $"/moved{context.Request.Path}{context.Request.QueryString}";
                return Task.CompletedTask;
            }

            return path == "/moved/token" ? Token(context) : Bearer(context, "here");
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url, Credentials));
        using var client = door.Client();
        using var pulled = await client.GetManifest("a/b", "v1");
        await pulled.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>What asks for the form again gets it again; other redirects make a GET of it.</summary>
    [Theory]
    [InlineData(307, "username: robot, password: { value: secret }", "POST")]
    [InlineData(308, "token: { value: secret }", "POST")]
    [InlineData(301, "username: robot, password: { value: secret }", "GET")]
    [InlineData(302, "token: { value: secret }", "GET")]
    [InlineData(303, "username: robot, password: { value: secret }", "GET")]
    public async Task A_form_for_a_token_follows_its_service(int status, string credentials, string method)
    {
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            var request = context.Request;
            if (request.Path == "/token")
            {
                context.Response.StatusCode = status;
                context.Response.Headers.Location = $"/moved/token{request.QueryString}";
            }
            else if (request.Path != "/moved/token")
            {
                await Bearer(context, "here");
            }
            else if (HttpMethods.IsGet(request.Method))
            {
                await (Is(context, "<token>:secret") || Is(context, "robot:secret")
                    ? context.Response.WriteAsync("""{"token":"good-here"}""") : Refuse(context, []));
            }
            else
            {
                var form = await request.ReadFormAsync();
                await (form["password"] == "secret" || form["refresh_token"] == "secret"
                    ? context.Response.WriteAsync("""{"token":"good-here"}""") : Refuse(context, []));
            }
        });
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single(upstream.Url, $", credentials: {{ type: bearer, {credentials} }}"));
        using var client = door.Client();
        using var pulled = await client.GetManifest("a/b", "v1");
        await pulled.ShouldBe(HttpStatusCode.OK);
        Assert.Equal([method], upstream.Requests.Where(request => request.Target.StartsWith("/moved/", StringComparison.Ordinal))
            .Select(request => request.Method).Distinct());
    }

    [Theory]
    [InlineData("/token", "https://elsewhere.example/token",
        "redirects to another host, which upstreams.*.realms must list in its place: https://elsewhere.example")]
    [InlineData("/v2/", "https://elsewhere.example/v2/",
        "redirects GET /v2/ to another host; its url must name that one: https://elsewhere.example")]
    [InlineData("/token", "/token", "redirects more than 3 times on its own host")]
    [InlineData("/v2/", "/v2/", "redirects GET /v2/ more than 3 times on its own host")]
    public async Task A_redirect_that_is_not_followed_is_named_with_its_target(string path, string location, string said)
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            if (context.Request.Path == path)
            {
                context.Response.StatusCode = 302;
                context.Response.Headers.Location = location;
                return Task.CompletedTask;
            }

            return Bearer(context, "here");
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url, Credentials));
        using var client = door.Client();
        using var pulled = await client.GetManifest("a/b", "v1");
        Assert.Contains(said.Split(':')[0], await pulled.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE"));
        await Eventually.True(
            async () => JsonDocument.Parse(await door.Admin("/admin/upstreams")).RootElement.EnumerateArray()
                .Any(status => status.GetProperty("lastError").GetString()?.Contains(said, StringComparison.Ordinal) == true),
            "the administrators are told of the target");
    }

    private static Task Serve(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        return path switch
        {
            "/v2/" => Task.CompletedTask,
            "/token" => Token(context),
            _ => path.Split('/')[2] switch
            {
                "public" => Answer(context),
                "basic" => Basic(context, "Basic realm=\"here\""),
                "silent" => Basic(context),
                "bearer" => Bearer(context, "here"),
                "odd" => Bearer(context, null, "Bearer realm={0},realm=\"http://elsewhere.example/\""),
                "many" => Bearer(context, "here", "Negotiate YII/abc==, Basic realm=\"here\"",
                    "bearer service=here , realm=\"{0}\",scope=\"x\",scope=\"y\""),
                _ => Bearer(context, "none", "Bearer realm=\"http://elsewhere.example/token\",service=\"here\""),
            },
        };
    }

    private static Task Token(HttpContext context)
    {
        var isRight = Is(context, "robot:secret");
        context.Response.StatusCode = isRight ? 200 : 401;
        return isRight ? context.Response.WriteAsync($$"""{"token":"good-{{context.Request.Query["service"]}}","expires_in":300}""")
            : Task.CompletedTask;
    }

    private static Task Basic(HttpContext context, params string[] challenges) =>
        Is(context, "robot:secret") ? Answer(context) : Refuse(context, challenges);

    private static Task Bearer(HttpContext context, string? service, params string[] challenges)
    {
        var realm = $"http://{context.Request.Host}/token";
        return context.Request.Headers.Authorization == $"Bearer good-{service}" ? Answer(context)
            : Refuse(context, challenges.Length > 0 ? [.. challenges.Select(form => string.Format(form, realm))]
                : [$"Bearer realm=\"{realm}\",service=\"{service}\""]);
    }

    private static bool Is(HttpContext context, string pair) =>
        context.Request.Headers.Authorization == $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(pair))}";

    private static Task Refuse(HttpContext context, string[] challenges)
    {
        context.Response.StatusCode = 401;
        context.Response.Headers.WWWAuthenticate = challenges;
        return Task.CompletedTask;
    }

    private static async Task Answer(HttpContext context)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        context.Response.StatusCode = context.Request.Method switch { "POST" => 202, "PUT" => 201, _ => 200 };
        context.Response.Headers.Location = $"{context.Request.Path.Value!.TrimEnd('/')}/1";
        context.Response.Headers["Docker-Content-Digest"] = Manifest.Digest.Value;
        context.Response.ContentType = TestImage.OciManifest;
        if (context.Response.StatusCode == 200 && !HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(Manifest.Bytes);
        }
    }
}
