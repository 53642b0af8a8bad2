using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A tenant whose upstream says of everything that it has it gets nothing that another tenant's upstream sent.</summary>
public sealed class CacheTenantTests(Lab lab)
{
    private static readonly TestImage Image = TestImage.Build(790, 30_000);

    [Fact]
    public async Task An_upstream_that_lies_opens_nothing_of_another_tenant()
    {
        var (blob, manifest) = (Image.Layers[1], Image.Manifest);
        await using var liar = await RecordingUpstream.Start(Lie);
        await using var door = await FrontDoor.Start(Yaml((await lab.Registry).Url, liar.Url));
        using var alice = door.Client("alice");
        await alice.PushImage("private/app", "v1", Image);
        (await alice.GetManifest("private/app", "v1")).Dispose();
        (await alice.GetManifest("private/app", manifest.Digest.Value)).Dispose();
        Assert.Equal(blob.Bytes, await (await alice.GetBlob("private/app", blob.Digest)).Content.ReadAsByteArrayAsync());

        var there = door.DataUrl.Replace("127.0.0.1", "localhost");
        using var http = new HttpClient();
        var reply = JsonDocument.Parse(await http.GetStringAsync($"{there}/token?service=localhost&scope={RegistryClient.Pull("x")}"));
        var token = reply.RootElement.GetProperty("token").GetString();
        using var thief = new RegistryClient(there, null, null);
        foreach (var path in new[] { $"/v2/x/blobs/{blob.Digest}", $"/v2/x/manifests/{manifest.Digest}", "/v2/x/manifests/stolen" })
        {
            foreach (var method in new[] { HttpMethod.Head, HttpMethod.Get, HttpMethod.Head, HttpMethod.Get })
            {
                using var response = await thief.Send(method, path, token, null, ("Accept", TestImage.OciManifest));
                Assert.True(method == HttpMethod.Head || response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadGateway,
                    $"{path}: {response.StatusCode}");
            }
        }

        // Who has it says so, and everything is as before.
        Assert.Equal(blob.Bytes, await (await alice.GetBlob("private/app", blob.Digest)).Content.ReadAsByteArrayAsync());

        Task Lie(HttpContext context)
        {
            var path = context.Request.Path.Value!;
            if (path != "/v2/" && context.Request.Method != HttpMethods.Head)
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            }

            context.Response.Headers["Docker-Content-Digest"] = path.Contains("/manifests/") ? manifest.Digest.Value : blob.Digest.Value;
            context.Response.ContentType = path.Contains("/manifests/") ? TestImage.OciManifest : "application/octet-stream";
            context.Response.ContentLength = path == "/v2/" ? 0 : path.Contains("/manifests/") ? manifest.Bytes.Length : blob.Bytes.Length;
            return Task.CompletedTask;
        }
    }

    private static string Yaml(string open, string liar) => $$"""
        cache: { path: cache, maxBytes: 1GiB, tagTtl: 1s }
        upstreams:
          open: { url: "{{open}}", allowPrivate: true }
          liar: { url: "{{liar}}", allowPrivate: true }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
        tenants:
          acme:
            hosts: ["127.0.0.1"]
            authenticators: [staff]
            routes: [{ prefix: "", upstream: open, cache: true }]
            access: [{ name: alice, who: ["user:alice"], repositories: ["**"], actions: [pull, push] }]
          thieves:
            hosts: [localhost]
            authenticators: [staff]
            routes: [{ prefix: "", upstream: liar, cache: true }]
            access: [{ name: all, who: [anonymous], repositories: ["**"], actions: [pull] }]
        """;
}
