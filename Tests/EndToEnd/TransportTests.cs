using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What holds for every way in which clients come: with and without TLS, by HTTP/1.1 and by HTTP/2.</summary>
public sealed class TransportTests
{
    private static readonly TestBlob Blob = TestBlob.Random(830, 20_000_011);

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Who_reads_slowly_gets_every_byte_and_keeps_nobody_waiting(bool encrypted, bool http2)
    {
        await using var upstream = await BlobUpstream.Start(Blob);
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url), encrypted);
        using var alice = new RegistryClient(door.DataUrl, "alice", FrontDoor.PasswordOf("alice")) { Http2 = http2 };
        var slow = await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ =>
        {
            var response = await alice.GetBlob("a/b", Blob.Digest);
            var body = await response.Content.ReadAsStreamAsync();
            await body.ReadExactlyAsync(new byte[100_000]);
            return (response, body);
        }));
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            using var response = await alice.GetBlob("a/b", Blob.Digest);
            Assert.Equal(http2 ? HttpVersion.Version20 : HttpVersion.Version11, response.Version);
            Assert.Equal(Blob.Digest, new TestBlob(await response.Content.ReadAsByteArrayAsync()).Digest);
        }));
        foreach (var (response, body) in slow)
        {
            var rest = new byte[Blob.Bytes.Length - 100_000];
            await body.ReadExactlyAsync(rest);
            Assert.True(Blob.Bytes.AsSpan(100_000).SequenceEqual(rest), "other bytes");
            Assert.Equal(0, await body.ReadAsync(new byte[1]));
            response.Dispose();
        }

        Assert.Equal(Blob.Bytes.Length, upstream.Sent);
    }

    [Theory]
    [InlineData("", "2.0")]
    [InlineData("http2: true, ", "2.0")]
    [InlineData("http2: false, ", "1.1")]
    public async Task Tls_offers_http_2_unless_it_is_told_not_to(string setting, string version)
    {
        await using var door = await FrontDoor.Start(DoorConfiguration.Single("http://127.0.0.1:9"), encrypted: true, setting);
        using var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null },
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{door.DataUrl}/livez")
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        using var response = await http.SendAsync(request);
        Assert.Equal((HttpStatusCode.OK, version), (response.StatusCode, response.Version.ToString()));
    }
}
