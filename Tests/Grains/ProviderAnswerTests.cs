using System.Text.Json;
using System.Web;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>What a provider is asked, and whose fault its refusals are.</summary>
public sealed class ProviderAnswerTests : IAsyncLifetime
{
    private const string Callback = "http://door.example/login/callback";

    private RecordingUpstream _provider = null!;
    private GrainCluster _cluster = null!;
    private (int Status, string Body) _answer;

    public async ValueTask InitializeAsync()
    {
        _provider = await RecordingUpstream.Start(Serve);
        _cluster = await GrainCluster.Start($$"""
            upstreams: { up: { url: "https://up.example" } }
            authenticators:
              sso: { type: oidc, issuer: "{{_provider.Url}}", audience: x, allowAnySubject: true, allowPrivate: true, clientId: x }
            tenants:
              acme: { hosts: ["*"], authenticators: [sso], routes: [{ prefix: "", upstream: up }] }
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Theory]
    [InlineData(400, "{\"error\":\"invalid_grant\"}", LoginStatus.Rejected, "invalid_grant")]
    [InlineData(400, "{\"error\":\"temporarily_unavailable\"}", LoginStatus.Unavailable, "does not answer now")]
    [InlineData(429, "", LoginStatus.Unavailable, "does not answer now")]
    [InlineData(503, "", LoginStatus.Unavailable, "does not answer now")]
    [InlineData(401, "{\"error\":\"invalid_client\"}", LoginStatus.Unavailable, "clientSecret")]
    [InlineData(400, "{\"error\":\"unauthorized_client\"}", LoginStatus.Unavailable, "clientSecret")]
    public async Task A_person_is_refused_for_the_code_alone(int status, string body, LoginStatus result, string saying)
    {
        _answer = (status, body);
        var begun = await People.Begin(
            new InteractiveLoginRequest("acme", "sso", Callback, null), TestContext.Current.CancellationToken);
        var finished = await People.Finish(
            new InteractiveLoginReply
            {
                Tenant = "acme", Service = "door.example", Callback = Callback, Flow = begun.Flow!, Issuer = "",
                State = HttpUtility.ParseQueryString(begun.Address!.Query)["state"]!, Code = new Secret("code"),
            },
            TestContext.Current.CancellationToken);
        Assert.Equal(result, finished.Status);
        Assert.Contains(saying, finished.Message);
    }

    [Theory]
    [InlineData(null, false, false)]
    [InlineData("BCDF-GHJK", false, false)]
    [InlineData(null, true, true)]
    [InlineData("ABCD-FGHJ", false, true)]
    public async Task Administration_asks_for_a_login_that_was_just_made_also_for_a_device(string? userCode, bool administers, bool asks)
    {
        var begun = await People.Begin(
            new InteractiveLoginRequest("acme", "sso", Callback, userCode, administers), TestContext.Current.CancellationToken);
        var query = HttpUtility.ParseQueryString(begun.Address!.Query);
        Assert.Equal((asks ? "login" : null, asks ? "840" : null), (query["prompt"], query["max_age"]));
    }

    private IInteractiveLoginGrain People => _cluster.Client.GetGrain<IInteractiveLoginGrain>(0);

    private Task Serve(HttpContext context)
    {
        if (context.Request.Path == "/token")
        {
            context.Response.StatusCode = _answer.Status;
            return context.Response.WriteAsync(_answer.Body);
        }

        return context.Response.WriteAsync(context.Request.Path == "/keys" ? "{\"keys\":[]}" : JsonSerializer.Serialize(new
        {
            issuer = _provider.Url, authorization_endpoint = $"{_provider.Url}/authorize", token_endpoint = $"{_provider.Url}/token",
            jwks_uri = $"{_provider.Url}/keys",
        }));
    }
}
