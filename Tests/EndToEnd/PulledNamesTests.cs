using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What the page lists of an upstream without a catalog: what the tenant pulled, whichever gateway answers.</summary>
public sealed class PulledNamesTests
{
    [Fact]
    public async Task What_was_pulled_through_one_gateway_is_listed_by_the_other_for_those_who_may_pull_it()
    {
        await using var upstream = await WithoutCatalog();
        await using var door = await SplitDoor.Start(Yaml(upstream.Url), gateways: 2);
        using var alice = new RegistryClient(door.Gateways[0], "alice", FrontDoor.PasswordOf("alice"));
        foreach (var name in new[] { "library/redis", "secret/plan" })
        {
            using var pulled = await alice.GetManifest(name, "latest");
            await pulled.ShouldBe(HttpStatusCode.OK);
        }

        using var page = new PageClient(door.Gateways[1]);
        await Eventually.True(
            async () => Names(await Catalog(page)) is ["library/redis"] && !Lacks(await Catalog(page)), "the other gateway lists it",
            TimeSpan.FromSeconds(60));
        Assert.True((await Catalog(page)).GetProperty("isPartial").GetBoolean());
        (await page.LogIn("alice", FrontDoor.PasswordOf("alice"))).Dispose();
        Assert.Equal(["library/redis", "secret/plan"], Names(await Catalog(page)));
    }

    private static async Task<JsonElement> Catalog(PageClient page)
    {
        using var answer = await page.Get("/page/v2/_catalog?n=100");
        await answer.ShouldBe(HttpStatusCode.OK);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static string[] Names(JsonElement catalog) =>
        [.. catalog.GetProperty("repositories").EnumerateArray().Select(name => name.GetString()!)];

    private static bool Lacks(JsonElement catalog) => catalog.TryGetProperty("lacksGateways", out _);

    private static Task<RecordingUpstream> WithoutCatalog() => RecordingUpstream.Start(async context =>
    {
        var path = context.Request.Path.Value!;
        context.Response.StatusCode = path == "/v2/_catalog" ? 404 : 200;
        context.Response.ContentType = path.Contains("/manifests/") ? "application/vnd.oci.image.manifest.v1+json" : "application/json";
        await context.Response.WriteAsync(path == "/v2/_catalog" ? """{"errors":[{"code":"UNSUPPORTED"}]}""" : "{}");
    });

    private static string Yaml(string upstream) => $$"""
        upstreams: { hub: { url: "{{upstream}}", allowPrivate: true } }
        authenticators: { staff: { type: htpasswd, file: htpasswd } }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff]
            routes: [{ prefix: "", upstream: hub }]
            access:
              - { name: everybody, who: [anonymous], repositories: ["library/**"], actions: [pull, catalog] }
              - { name: alice, who: ["user:alice"], repositories: ["**"], actions: [pull, catalog] }
        """;
}
