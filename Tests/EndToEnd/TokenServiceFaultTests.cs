using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// A registry that answers strangers at <c>/v2/</c> and asks at its repositories; its token service fails, or answers in its own way.
/// </summary>
public sealed class TokenServiceFaultTests
{
    private static readonly TestImage Image = TestImage.Build(348, 100);

    private int _status = 200;
    private string _reply = """{"token":"one","expires_in":300}""";

    [Theory]
    [InlineData(429, HttpStatusCode.TooManyRequests, "TOOMANYREQUESTS")]
    [InlineData(500, HttpStatusCode.ServiceUnavailable, "UNAVAILABLE")]
    public async Task One_that_cannot_answer_says_nothing_of_the_credential(int status, HttpStatusCode told, string code)
    {
        await using var upstream = await RecordingUpstream.Start(Answer);
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(
            upstream.Url, ", credentials: { type: basic, username: one, password: { value: two } }"));
        using var alice = door.Client("alice");
        _status = status;
        using var unknown = await alice.GetManifest("a/new", "v1");
        Assert.DoesNotContain("credentials", await unknown.Content.ReadAsStringAsync());
        await unknown.ShouldFail(told, code);
    }

    [Theory]
    [InlineData(200, """{"token":"one","issued_at":1764500000,"scope":["repository:a/b:pull"]}""")]
    [InlineData(200, """{"token":"one\n"}""")]
    [InlineData(201, """{"access_token":" one"}""")]
    [InlineData(203, """{"token":"","access_token":"one"}""")]
    public async Task A_token_is_good_whatever_stands_beside_it(int status, string reply)
    {
        (_status, _reply) = (status, reply);
        await using var upstream = await RecordingUpstream.Start(Answer);
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        using var pulled = await alice.GetManifest("a/b", "v1");
        await pulled.ShouldBe(HttpStatusCode.OK);
    }

    private async Task Answer(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        if (request.Path == "/token")
        {
            response.StatusCode = _status;
            await response.WriteAsync(_reply);
        }
        else if (request.Path != "/v2/" && request.Headers.Authorization != "Bearer one")
        {
            response.StatusCode = 401;
            response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{request.Host}/token\",service=\"s\"";
        }
        else if (request.Path != "/v2/")
        {
            response.ContentType = TestImage.OciManifest;
            response.ContentLength = Image.Manifest.Bytes.Length;
            await (HttpMethods.IsHead(request.Method) ? Task.CompletedTask : response.Body.WriteAsync(Image.Manifest.Bytes).AsTask());
        }
    }
}
