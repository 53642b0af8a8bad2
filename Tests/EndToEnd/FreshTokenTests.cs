using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A registry of several servers refuses a token until all of them know it.</summary>
public sealed class FreshTokenTests
{
    private static readonly TestImage Image = TestImage.Build(330, 100);

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task A_token_that_is_not_known_everywhere_yet_is_sent_once_more_a_little_later(int status)
    {
        await using var upstream = await Registry(status, knownAfter: TimeSpan.FromSeconds(1));
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single(upstream.Url, ", credentials: { type: basic, username: one, password: { value: two } }"));
        using var alice = door.Client("alice");
        foreach (var name in new[] { "a/one", "a/two" })
        {
            var pulls = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => alice.GetManifest(name, "v1")));
            foreach (var pull in pulls)
            {
                using (pull)
                {
                    await pull.ShouldBe(HttpStatusCode.OK);
                }
            }
        }

        using var put = await alice.PutManifest("a/three", "v1", Image.Manifest);
        await put.ShouldBe(HttpStatusCode.Created);
        var upstreams = JsonDocument.Parse(await door.Admin("/admin/upstreams")).RootElement.ToString();
        Assert.DoesNotContain("refuses", upstreams);
        Assert.InRange(upstream.Requests.Count(request => request.Target.StartsWith("/token", StringComparison.Ordinal)), 1, 9);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task What_is_refused_for_good_costs_no_more_than_one_wait(int status)
    {
        await using var upstream = await Registry(status, knownAfter: TimeSpan.FromDays(1));
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single(upstream.Url, ", credentials: { type: basic, username: one, password: { value: two } }"));
        using var alice = door.Client("alice");
        for (var i = 0; i < 5; i++)
        {
            using var refused = await alice.GetManifest($"a/b{i}", "v1");
            await refused.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
        }

        Assert.InRange(upstream.Requests.Count(request => request.Target.Contains("/manifests/", StringComparison.Ordinal)), 5, 11);
    }

    /// <summary>Tokens carry the time of their issue.</summary>
    private static Task<RecordingUpstream> Registry(int status, TimeSpan knownAfter) => RecordingUpstream.Start(async context =>
    {
        var (request, response) = (context.Request, context.Response);
        if (request.Path == "/token")
        {
            await response.WriteAsync($$"""{"token":"t{{Stopwatch.GetTimestamp()}}","expires_in":300}""");
            return;
        }

        var authorization = request.Headers.Authorization.ToString();
        if (!authorization.StartsWith("Bearer t", StringComparison.Ordinal))
        {
            response.StatusCode = 401;
            response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{request.Host}/token\",service=\"here\"";
            return;
        }

        if (request.Path != "/v2/"
            && Stopwatch.GetElapsedTime(long.Parse(authorization["Bearer t".Length..], CultureInfo.InvariantCulture)) < knownAfter)
        {
            response.StatusCode = status;
            response.Headers.WWWAuthenticate = status == 401
                ? $"Bearer realm=\"http://{request.Host}/token\",service=\"here\",error=\"invalid_token\"" : default;
            return;
        }

        await request.Body.CopyToAsync(Stream.Null);
        response.StatusCode = HttpMethods.IsPut(request.Method) ? 201 : 200;
        if (response.StatusCode == 200)
        {
            response.ContentType = TestImage.OciManifest;
            await response.Body.WriteAsync(Image.Manifest.Bytes);
        }
    });
}
