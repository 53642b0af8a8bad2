using System.Net;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>When no silo answers, whatever asks one is 503 and says when to come back: JSON for clients, a page for browsers.</summary>
public sealed class ClusterLossTests
{
    [Fact]
    public async Task Every_endpoint_that_asks_the_cluster_says_503_without_one()
    {
        await using var door = await SplitDoor.Start(
            """
            upstreams: { up: { url: "http://127.0.0.1:9", allowPrivate: true } }
            authenticators:
              staff: { type: htpasswd, file: htpasswd }
              sso: { type: oidc, issuer: "http://127.0.0.1:9", audience: x, allowAnySubject: true, allowPrivate: true, clientId: x }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [staff, sso]
                routes: [{ prefix: "", upstream: up }]
                access: [{ name: all, who: [anonymous], repositories: ["**"], actions: [pull] }]
            """, 1);
        using var client = new RegistryClient(door.Gateways[0], "alice", FrontDoor.PasswordOf("alice"));
        door.KillSilo();
        foreach (var (method, path, isPage) in new[]
        {
            (HttpMethod.Get, "/token", false), (HttpMethod.Get, "/token/nonce?authenticator=sso", false), (HttpMethod.Post,
                "/login/device", false),
            (HttpMethod.Get, "/login", true), (HttpMethod.Get, "/login/device?user_code=BCDF-GHJK", true), (HttpMethod.Post,
                "/login/device/confirm", true),
            (HttpMethod.Get, "/login/callback?code=x&state=y", true),
        })
        {
            using var form = method == HttpMethod.Post
                ? new FormUrlEncodedContent([new("user_code", "BCDF-GHJK"), new("authenticator", "sso")]) : null;
            using var answer = await client.Send(
                method, path, null, form, ("Origin", door.Gateways[0]), ("Cookie", "registryproxy_login=AAAA"),
                ("Accept", isPage ? "text/html" : "application/json"));
            await answer.ShouldBe(HttpStatusCode.ServiceUnavailable);
            Assert.True(answer.Headers.RetryAfter is not null, path);
            Assert.Equal(isPage ? "text/html" : "application/json", answer.Content.Headers.ContentType!.MediaType);
        }

        using var login = await client.RequestToken([]);
        await login.ShouldBe(HttpStatusCode.ServiceUnavailable);
        Assert.NotNull(login.Headers.RetryAfter);
        Assert.DoesNotContain(" 500 ", door.Log);
    }
}
