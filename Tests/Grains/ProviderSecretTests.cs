using System.Collections.Concurrent;
using System.Text.Json;
using System.Web;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>The file with what a provider knows this registry by is broken for a while: people log in all the same.</summary>
public sealed class ProviderSecretTests : IDisposable
{
    private const string Callback = "http://door.example/login/callback";

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<string> _shown = new();

    [Fact]
    public async Task The_provider_is_shown_the_secret_that_was_read_last()
    {
        await using var provider = await RecordingUpstream.Start(Serve);
        var file = _folder.Write("secret", "canary");
        await using var cluster = await GrainCluster.Start($$"""
            upstreams: { up: { url: "https://up.example" } }
            authenticators:
              sso:
                { type: oidc, issuer: "{{provider.Url}}", audience: x, allowAnySubject: true, allowPrivate: true, clientId: x,
                  clientSecret: { file: "{{file}}" } }
            tenants:
              acme: { hosts: ["*"], authenticators: [sso], routes: [{ prefix: "", upstream: up }] }
            """);
        Assert.Equal(LoginStatus.Rejected, (await LogIn(cluster)).Status);
        File.Delete(file);
        Assert.Equal(LoginStatus.Rejected, (await LogIn(cluster)).Status);
        _folder.Write("secret", "next");
        Assert.Equal(LoginStatus.Rejected, (await LogIn(cluster)).Status);
        Assert.Equal(["x:canary", "x:canary", "x:next"], _shown);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<LoginResult> LogIn(GrainCluster cluster)
    {
        var people = cluster.Client.GetGrain<IInteractiveLoginGrain>(0);
        var begun = await people.Begin(
            new InteractiveLoginRequest("acme", "sso", Callback, null), TestContext.Current.CancellationToken);
        return await people.Finish(
            new InteractiveLoginReply
            {
                Tenant = "acme", Service = "door.example", Callback = Callback, Flow = begun.Flow!, Issuer = "",
                State = HttpUtility.ParseQueryString(begun.Address!.Query)["state"]!, Code = new Secret("code"),
            },
            TestContext.Current.CancellationToken);
    }

    private Task Serve(HttpContext context)
    {
        if (context.Request.Path == "/token")
        {
            var pair = Convert.FromBase64String(context.Request.Headers.Authorization.ToString()["Basic ".Length..]);
            _shown.Enqueue(System.Text.Encoding.UTF8.GetString(pair));
            context.Response.StatusCode = 400;
            return context.Response.WriteAsync("""{"error":"invalid_grant"}""");
        }

        var url = $"http://{context.Request.Host}";
        return context.Response.WriteAsync(context.Request.Path.Value!.Contains("openid-configuration", StringComparison.Ordinal)
            ? JsonSerializer.Serialize(new
            {
                issuer = url, authorization_endpoint = $"{url}/authorize", token_endpoint = $"{url}/token", jwks_uri = $"{url}/keys",
            })
            : """{"keys":[]}""");
    }
}
