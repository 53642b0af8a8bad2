using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Bytes that are not what their digest says never end cleanly, by whichever way they come.</summary>
public sealed class CacheVerificationTests
{
    private const int Size = 24_000_000;

    private static readonly TestBlob Blob = TestBlob.Random(710, Size);

    [Theory]
    [InlineData(false, null)]
    [InlineData(false, "bytes=1000-20000000")]
    [InlineData(false, "bytes=16000000-")]
    [InlineData(true, null)]
    [InlineData(true, "bytes=1000-20000000")]
    [InlineData(true, "bytes=16000000-20000000")]
    public async Task A_disk_that_fills_up_in_a_download_hides_no_wrong_byte(bool wrong, string? range)
    {
        await using var disk = await SmallDisk.Mount(8);
        await using var upstream = await Serve(wrong ? 15_000_000 : -1);
        await using var door = await FrontDoor.Start(CacheTests.Yaml(upstream.Url).Replace("path: cache,", $"path: {disk.Path},"));
        using var alice = door.Client("alice");
        var (first, last) = range is null ? (0, Size - 1)
            : (int.Parse(range[6..].Split('-')[0]), range.EndsWith('-') ? Size - 1 : int.Parse(range.Split('-')[1]));
        if (wrong)
        {
            await Assert.ThrowsAnyAsync<Exception>(Read);
        }
        else
        {
            Assert.Equal(new TestBlob(Blob.Bytes[first..(last + 1)]).Digest, new TestBlob(await Read()).Digest);
        }

        await Eventually.True(() => door.Log.Contains("cannot be written and is bypassed"), "the log says so");

        async Task<byte[]> Read()
        {
            using var response = await alice.GetBlob("a/b", Blob.Digest, range is null ? [] : [("Range", range)]);
            Assert.True(response.IsSuccessStatusCode);
            return await response.Content.ReadAsByteArrayAsync();
        }
    }

    [Fact]
    public async Task A_range_of_a_wrong_blob_is_cut_although_its_own_bytes_are_right()
    {
        await using var upstream = await Serve(wrongAt: Size - 1000);
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url));
        using var alice = door.Client("alice");
        using var response = await alice.GetBlob("a/b", Blob.Digest, ("Range", "bytes=0-99999"));
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_wrong_blob_is_reset_by_http_2_and_never_ended()
    {
        await using var upstream = await Serve(wrongAt: Size - 1000);
        using var folder = new TemporaryFolder();
        await FrontDoor.WriteUsers(folder);
        using var made = TestCertificates.ForLocalhost("door");
        (_, _) = (folder.Write("tls.crt", made.Pem().Certificate), folder.Write("tls.key", made.Pem().Key));
        var config = folder.Write("config.yaml",
            "listen: { data: \"https://127.0.0.1:0\", tls: { certificate: tls.crt, key: tls.key } }\n" + CacheTests.Yaml(upstream.Url));
        await using var door = ChildProcess.Start(
            "dotnet", [FrontDoor.Dll, "--config", config, "--listen-data", "https://127.0.0.1:0", "--listen-admin", "http://127.0.0.1:0"]);
        var url = await door.Line(line => line.StartsWith("data listening on ", StringComparison.Ordinal) ? line[18..].Trim() : null);
        using var handler = new SocketsHttpHandler { SslOptions =
            { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null } };
        using var http = new HttpClient(handler)
        {
            DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact
        };
        await Eventually.True(async () => (await http.GetAsync($"{url}/token?service=127.0.0.1")).IsSuccessStatusCode, "the door is open");
        using var reply = JsonDocument.Parse(
            await http.GetStringAsync($"{url}/token?service=127.0.0.1&scope={RegistryClient.Pull("a/b")}"));
        http.DefaultRequestHeaders.Authorization = new("Bearer", reply.RootElement.GetProperty("token").GetString());
        using var response = await http.GetAsync($"{url}/v2/a/b/blobs/{Blob.Digest}", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(Size, response.Content.Headers.ContentLength);
        using var got = new MemoryStream();
        await using var body = await response.Content.ReadAsStreamAsync();
        await Assert.ThrowsAsync<HttpProtocolException>(() => body.CopyToAsync(got));
        Assert.True(got.Length < Size, $"{got.Length} bytes");
    }

    /// <summary>What cannot come into the cache is checked on its way past it.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_blob_that_is_not_kept_is_checked_all_the_same(bool saysLength, bool wrong)
    {
        // Without a length nothing is kept; with one, what is larger than the cache.
        await using var upstream = await Serve(wrong ? Size - 1000 : -1, saysLength);
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url, maxBytes: "16MiB"));
        using var alice = door.Client("alice");
        var before = await Bypassed();
        for (var pull = 0; pull < 2; pull++)
        {
            using var response = await alice.GetBlob("a/b", Blob.Digest);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(saysLength ? Size : null, response.Content.Headers.ContentLength);
            if (wrong)
            {
                await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync());
            }
            else
            {
                Assert.Equal(Blob.Digest, new TestBlob(await response.Content.ReadAsByteArrayAsync()).Digest);
            }
        }

        await Eventually.True(async () => await Bypassed() == before + 2, "both are counted");
        Assert.Equal(wrong, door.Log.Contains("not match its digest"));

        Task<double> Bypassed() => door.Metric("registryproxy_cache_requests_total", "result=\"bypass\"");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_is_not_a_blob(bool saysLength)
    {
        var empty = true;
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            var length = context.Request.Path == "/v2/" || empty ? 0 : Size;
            context.Response.ContentLength = saysLength ? length : null;
            await context.Response.StartAsync();
            await context.Response.Body.WriteAsync(Blob.Bytes.AsMemory(0, length));
        });
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url));
        using var alice = door.Client("alice");
        using var wrong = await alice.GetBlob("a/b", Blob.Digest);
        await wrong.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
        using var right = await alice.GetBlob("a/b", new TestBlob([]).Digest);
        Assert.Empty(await right.Content.ReadAsByteArrayAsync());
        Assert.Equal(HttpStatusCode.OK, right.StatusCode);
        empty = false;
        using var blob = await alice.GetBlob("a/b", Blob.Digest);
        Assert.Equal(Blob.Digest, new TestBlob(await blob.Content.ReadAsByteArrayAsync()).Digest);
    }

    /// <summary>An upstream with the blob, one byte of which may be wrong.</summary>
    private static Task<RecordingUpstream> Serve(int wrongAt, bool saysLength = true)
    {
        var bytes = (byte[])Blob.Bytes.Clone();
        if (wrongAt >= 0)
        {
            bytes[wrongAt] ^= 1;
        }

        return RecordingUpstream.Start(context => context.Request.Path == "/v2/"
            ? Task.CompletedTask
            : saysLength ? Results.Bytes(bytes, enableRangeProcessing: true).ExecuteAsync(context)
            : context.Response.Body.WriteAsync(bytes).AsTask());
    }
}
