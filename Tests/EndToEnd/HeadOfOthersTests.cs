using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// On routes without a cache, too, an upstream whose HEAD denies what its GET serves is found out, and one that is honest is believed.
/// </summary>
public sealed class HeadOfOthersTests
{
    private static readonly TestBlob[] Blobs = [TestBlob.Random(801, 1000), TestBlob.Random(802, 2000)];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_pulls_show_counts_for_heads(bool isHonest)
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            var name = context.Request.Path.Value!.Split('/')[^1];
            var bytes = name switch { "" => [], "v1" => TestImage.Build(80, 10).Manifest.Bytes, _ =>
                Array.Find(Blobs, blob => blob.Digest.Value == name)?.Bytes };
            if (bytes is null || (HttpMethods.IsHead(context.Request.Method) && !isHonest))
            {
                return Results.StatusCode(404).ExecuteAsync(context);
            }

            return Results.Bytes(bytes, TestImage.OciManifest, enableRangeProcessing: true).ExecuteAsync(context);
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        using (var pulled = await alice.GetBlob("a/b", Blobs[0].Digest))
        {
            Assert.Equal(Blobs[0].Bytes, await pulled.Content.ReadAsByteArrayAsync());
        }

        using var head = await Head($"blobs/{Blobs[1].Digest}");
        Assert.Equal((HttpStatusCode.OK, 2000L), (head.StatusCode, head.Content.Headers.ContentLength));
        using var tag = await Head("manifests/v1");
        Assert.Equal((HttpStatusCode.OK, TestImage.Build(80, 10).Manifest.Digest.Value),
            (tag.StatusCode, tag.Headers.GetValues("Docker-Content-Digest").Single()));
        var before = upstream.Requests.Count(request => request.Method == "GET");
        for (var absent = 0; absent < 20; absent++)
        {
            using var none = await Head($"blobs/{TestBlob.Random(absent, 10).Digest}");
            Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        }

        Assert.Equal(isHonest ? 0 : 20, upstream.Requests.Count(request => request.Method == "GET") - before);

        Task<HttpResponseMessage> Head(string path) => alice.Do(HttpMethod.Head, $"/v2/a/b/{path}", RegistryClient.Pull("a/b"));
    }
}
