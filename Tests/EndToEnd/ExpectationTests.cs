using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Before a large body comes the upstream is asked; what it answers then costs nobody the body.</summary>
public sealed class ExpectationTests
{
    private static readonly TestBlob Blob = TestBlob.Random(811, 300_000);

    [Fact]
    public async Task One_that_does_not_want_to_be_asked_gets_the_body_all_the_same_and_is_not_asked_again()
    {
        long received = 0;
        await using var upstream = await Uploads(async context =>
        {
            if (context.Request.Headers.Expect.Count > 0)
            {
                context.Response.StatusCode = StatusCodes.Status417ExpectationFailed;
                return;
            }

            await Count(context);
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        await alice.PushBlob("a/b", Blob);
        await alice.PushBlob("a/b", Blob);
        Assert.Equal(2 * Blob.Bytes.Length, received);
        Assert.Equal([true, false, false],
            upstream.Requests.Where(request => request.Method == "PUT").Select(request => request.Headers.ContainsKey("Expect")));

        async Task Count(HttpContext context)
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            received += body.Length;
            context.Response.StatusCode = 201;
        }
    }

    private static Task<RecordingUpstream> Uploads(Func<HttpContext, Task> put) => RecordingUpstream.Start(context =>
    {
        if (context.Request.Method == "PUT")
        {
            return put(context);
        }

        context.Response.StatusCode = context.Request.Method == "POST" ? 202 : 200;
        context.Response.Headers.Location = "/v2/a/b/blobs/uploads/1";
        return Task.CompletedTask;
    });
}
