using System.Net;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Browser UIs of other origins.</summary>
public sealed class CrossOriginTests
{
    private const string Listed = "https://ui.example";
    private const string Manifest = "/v2/a/b/manifests/v1";

    [Fact]
    public async Task Scripts_of_listed_origins_may_ask_and_read_and_nobody_elses()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single(upstream.Url).Replace(
                "    authenticators: [staff]", $"    cors: [\"{Listed}\", \"http://localhost:3000/\"]\n    authenticators: [staff]"));
        using var client = door.Client();
        foreach (var path in new[] { Manifest, "/token", "/v2/" })
        {
            using var preflight = await client.Send(
                HttpMethod.Options, path, null, null, ("Origin", Listed), ("Access-Control-Request-Method", "PUT"));
            Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
            Assert.Equal(Listed, Header(preflight, "Access-Control-Allow-Origin"));
            Assert.Contains("Authorization", Header(preflight, "Access-Control-Allow-Headers"));
            Assert.Contains("DELETE", Header(preflight, "Access-Control-Allow-Methods"));
            Assert.Null(Header(preflight, "Access-Control-Allow-Credentials"));
            foreach (var origin in new[] { "https://other.example", "null", "https://UI.example", $"{Listed}.evil.example",
                $"{Listed}:444" })
            {
                using var refused = await client.Send(
                    HttpMethod.Options, path, null, null, ("Origin", origin), ("Access-Control-Request-Method", "PUT"));
                Assert.Equal(HttpStatusCode.MethodNotAllowed, refused.StatusCode);
                Assert.Null(Header(refused, "Access-Control-Allow-Origin"));
                Assert.Equal("Origin", Header(refused, "Vary"));
            }
        }

        using var challenged = await client.Send(HttpMethod.Get, Manifest, null, null, ("Origin", Listed));
        Assert.Equal((HttpStatusCode.Unauthorized, Listed), (challenged.StatusCode, Header(challenged, "Access-Control-Allow-Origin")));
        Assert.Contains("WWW-Authenticate", Header(challenged, "Access-Control-Expose-Headers"));
        using var pulled = await client.Do(HttpMethod.Get, Manifest, "repository:a/b:pull", null, ("Origin", "http://localhost:3000"));
        Assert.Equal((HttpStatusCode.OK, "http://localhost:3000"), (pulled.StatusCode, Header(pulled, "Access-Control-Allow-Origin")));
        using var health = await client.Send(
            HttpMethod.Options, "/login", null, null, ("Origin", Listed), ("Access-Control-Request-Method", "GET"));
        Assert.Null(Header(health, "Access-Control-Allow-Origin"));
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}
