using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Why an upstream refuses a request reaches the client also where it has a code of its own for that, as Harbor for its policies, ECR for
/// tags that must not change, GitLab while it is maintained, and Artifactory for everything.
/// </summary>
public sealed class UpstreamWordsTests
{
    private static readonly TestImage Image = TestImage.Build(349, 100);

    [Fact]
    public async Task Its_words_are_told_and_its_own_codes_are_not()
    {
        var (status, body) = (0, "");
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.StatusCode = context.Request.Path == "/v2/" ? 200 : status;
            await context.Response.WriteAsync(context.Request.Path == "/v2/" ? "" : body);
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        foreach (var (answered, text, code, told) in new[]
        {
            (412, Error("\"PROJECTPOLICYVIOLATION\"", "not scanned"), "UNSUPPORTED",
                $"upstream '{door.Upstream}' answered 412: not scanned"),
            (400, Error("\"TAG_INVALID\"", "v1 is immutable"), "UNSUPPORTED", $"upstream '{door.Upstream}' answered 400: v1 is immutable"),
            (400, Error("\"MANIFEST_INVALID\"", "no layers"), "MANIFEST_INVALID", $"upstream '{door.Upstream}': no layers"),
            (405, Error("\"UNSUPPORTED\"", "read only"), "UNSUPPORTED", $"upstream '{door.Upstream}' does not allow this: read only"),
            (409, Error("409", "a\\r\\nb"), "UNSUPPORTED", $"upstream '{door.Upstream}' answered 409: ab"),
            (409, """{"errors":[{"status":409,"message":"locked"}]}""", "UNSUPPORTED", $"upstream '{door.Upstream}' answered 409: locked"),
            (409, """{"errors":[{"code":"X","message":7}]}""", "UNSUPPORTED", $"upstream '{door.Upstream}' answered 409"),
            (409, """{"errors":["x"]}""", "UNSUPPORTED", $"upstream '{door.Upstream}' answered 409"),
            (409, "<html>", "UNSUPPORTED", $"upstream '{door.Upstream}' answered 409"),
        })
        {
            (status, body) = (answered, text);
            using var put = await alice.PutManifest("a/b", "v1", Image.Manifest);
            await put.ShouldFail((HttpStatusCode)answered, code);
            Assert.Contains($"\"{told}\"", (await put.Content.ReadAsStringAsync()).Replace("\\u0027", "'", StringComparison.Ordinal));
        }
    }

    private static string Error(string code, string message) => $$"""{"errors":[{"code":{{code}},"message":"{{message}}"}]}""";
}
