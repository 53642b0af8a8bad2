using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Old images, whose manifests are signed within themselves, are pulled by digest and by tag like all others, and checked like all others.
/// </summary>
public sealed class SignedManifestTests
{
    [Fact]
    public async Task What_one_upstream_sent_beside_the_signed_text_is_never_served_for_another()
    {
        var own = SignedImage.Build();
        var other = own with { Bytes = SignedImage.Text(SignedImage.Begin,
            SignedImage.Signature(SignedImage.Begin.Length, SignedImage.Tail).Replace("AAAA", new string('B', 50_000))) };
        await using var one = await RecordingUpstream.Start(context => Send(context, own));
        await using var two = await RecordingUpstream.Start(context => Send(context, other));
        await using var door = await FrontDoor.Start(Yaml(one.Url, two.Url));
        foreach (var round in Enumerable.Range(0, 3))
        {
            foreach (var name in new[] { "v1", own.Digest.Value })
            {
                await Get("one", name, "localhost", own);
                await Get("two", name, "localhost", other);
                await Get("far", name, "127.0.0.1", other);
                await Get("friend", name, "127.0.0.1", other);
                await Get("one", name, "localhost", own);
            }
        }

        Assert.InRange(one.Requests.Count(request => request.Method == "GET" && request.Target != "/v2/"), 1, 2);

        async Task Get(string route, string name, string host, SignedImage expected)
        {
            using var alice = new RegistryClient(door.DataUrl.Replace("127.0.0.1", host), "alice", FrontDoor.PasswordOf("alice"));
            using var login = await alice.PostToken(
                ("grant_type", "password"), ("username", "alice"), ("password", FrontDoor.PasswordOf("alice")), ("service", host), ("scope",
                    RegistryClient.Pull($"{route}/b")));
            var token = (await RegistryClient.ReadToken(login)).Token;
            using var response = await alice.Send(
                HttpMethod.Get, $"/v2/{route}/b/manifests/{name}", token, null, ("Accept", SignedImage.MediaType));
            Assert.Equal(expected.Bytes, await response.Content.ReadAsByteArrayAsync());
            Assert.Equal(own.Digest.Value, response.Headers.GetValues("Docker-Content-Digest").Single());
        }
    }

    private static async Task Send(HttpContext context, SignedImage image)
    {
        if (context.Request.Path != "/v2/")
        {
            context.Response.ContentType = SignedImage.MediaType;
            context.Response.Headers["Docker-Content-Digest"] = image.Digest.Value;
            context.Response.ContentLength = image.Bytes.Length;
            await (HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask
                : context.Response.Body.WriteAsync(image.Bytes).AsTask());
        }
    }

    private static string Yaml(string one, string two) => $$"""
        cache: { path: cache, tagTtl: 1h }
        upstreams:
          one: { url: "{{one}}", allowPrivate: true }
          two: { url: "{{two}}", allowPrivate: true, sharesContentWith: [friend] }
          friend: { url: "{{two}}", allowPrivate: true, sharesContentWith: [two] }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
        tenants:
          near:
            hosts: [localhost]
            authenticators: [staff]
            routes: [{ prefix: one, upstream: one, cache: true }, { prefix: two, upstream: two, cache: true }]
            access: [{ name: all, who: ["user:alice"], repositories: ["**"], actions: [pull] }]
          away:
            hosts: ["127.0.0.1"]
            authenticators: [staff]
            routes: [{ prefix: far, upstream: two, cache: true }, { prefix: friend, upstream: friend, cache: true }]
            access: [{ name: all, who: ["user:alice"], repositories: ["**"], actions: [pull] }]
        """;

    [Fact]
    public async Task One_is_pulled_by_what_was_signed_kept_and_never_passed_on_unchecked()
    {
        var (small, large) = (SignedImage.Build(), SignedImage.Build(300_000));
        var sent = new Dictionary<string, SignedImage> { [small.Digest.Value] = small, [large.Digest.Value] = large, ["v1"] = small };
        var (wrong, chunked) = (false, false);
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path.Value!.Split('/')[^1] is not { Length: > 0 } name)
            {
                return;
            }

            var bytes = (byte[])sent[name].Bytes.Clone();
            bytes[10] ^= (byte)(wrong ? 1 : 0);
            context.Response.ContentType = SignedImage.MediaType;
            context.Response.Headers["Docker-Content-Digest"] = sent[name].Digest.Value;
            context.Response.ContentLength = chunked ? null : bytes.Length;
            await (HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(bytes).AsTask());
        });
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(
            upstream.Url, extra: "cache: { path: cache, tagTtl: 1h }",
            extraRoute: " }\n      - { prefix: cached, upstream: local, cache: true"));
        using var alice = door.Client("alice");
        foreach (var repository in new[] { "a/b", "cached/b" })
        {
            (wrong, chunked) = (true, false);
            await (await Pull(repository, small.Digest.Value)).ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
            await (await Pull(repository, large.Digest.Value)).ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
            (wrong, chunked) = (false, true);
            await (await Pull(repository, TestBlob.Of("{}").Digest.Value, small)).ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
            foreach (var (name, image) in sent.Where(one => one.Key != TestBlob.Of("{}").Digest.Value))
            {
                chunked = !chunked;
                for (var pull = 0; pull < 2; pull++)
                {
                    using var response = await Pull(repository, name);
                    Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                    Assert.Equal(image.Bytes, await response.Content.ReadAsByteArrayAsync());
                    Assert.Equal(image.Digest.Value, response.Headers.GetValues("Docker-Content-Digest").Single());
                    Assert.Equal(SignedImage.MediaType, response.Content.Headers.ContentType!.ToString());
                }
            }
        }

        // The second ones came from the cache.
        Assert.Equal(2 + 1 + 3, upstream.Requests.Count(
            request => request.Method == "GET" && request.Target.StartsWith("/v2/b/", StringComparison.Ordinal)));

        Task<HttpResponseMessage> Pull(string repository, string name, SignedImage? other = null)
        {
            sent[name] = other ?? sent[name];
            return alice.Do(HttpMethod.Get, $"/v2/{repository}/manifests/{name}", RegistryClient.Pull(repository), null,
                ("Accept", TestImage.OciManifest), ("Accept", TestImage.OciIndex), ("Accept", SignedImage.MediaType));
        }
    }
}
