using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Upstreams that are away, die or lie; clients that leave.</summary>
public sealed class FailureTests(SharedDoor shared) : IClassFixture<SharedDoor>
{
    [Fact]
    public async Task An_upstream_that_is_away_is_503_with_its_name_and_without_its_address()
    {
        var port = FreePort.Next();
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single($"http://127.0.0.1:{port}"));
        using var alice = door.Client("alice");
        using var response = await alice.GetManifest("a/b", "v1");
        var message = await response.ShouldFail(HttpStatusCode.ServiceUnavailable, "UNAVAILABLE");
        Assert.Contains($"'{door.Upstream}'", message);
        Assert.DoesNotContain(port.ToString(), message);
        Assert.True(response.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        Assert.Contains("open", await door.Admin("/admin/upstreams"));
    }

    [Fact]
    public async Task An_upstream_that_comes_back_is_used_again()
    {
        await using var registry = await DockerRegistry.Start();
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(registry.Url));
        using var alice = door.Client("alice");
        await alice.PushImage("a/b", "v1", TestImage.Build(100, 10));
        registry.Kill();
        using (var away = await alice.GetManifest("a/b", "v1"))
        {
            await away.ShouldFail(HttpStatusCode.ServiceUnavailable, "UNAVAILABLE");
        }

        await registry.Restart();
        await Eventually.True(async () =>
        {
            using var back = await alice.GetManifest("a/b", "v1");
            return back.IsSuccessStatusCode;
        }, "the upstream is used again");
    }

    [Theory]
    [InlineData("bytes=100-", 100, 999, true)]
    [InlineData("bytes=100-", 100, 499, true)]
    [InlineData("bytes=-100", 900, 999, true)]
    [InlineData("bytes=100-", 0, 999, true)]
    [InlineData("bytes=100-199", 100, 999, false)]
    [InlineData("bytes=-100", 100, 999, false)]
    [InlineData(null, 100, 999, false)]
    public async Task Another_part_of_a_blob_than_was_asked_for_is_not_passed_on(string? range, int first, int last, bool good)
    {
        var blob = TestBlob.Random(110, 1000);
        var place = shared.Take(async context =>
        {
            if (context.Request.Path != "/v2/")
            {
                (context.Response.StatusCode, context.Response.ContentLength) = (206, last - first + 1);
                context.Response.Headers.ContentRange = $"bytes {first}-{last}/{blob.Bytes.Length}";
                await context.Response.Body.WriteAsync(blob.Bytes.AsMemory(first, last - first + 1));
            }
        });
        using var alice = shared.Door.Client("alice");
        using var response = await alice.GetBlob(place.Repository, blob.Digest, range is null ? [] : [("Range", range)]);
        if (good)
        {
            // All of it is what a server may send that takes no ranges (RFC 9110 §14.2).
            Assert.Equal(
                last + 1 - first == blob.Bytes.Length ? HttpStatusCode.OK : HttpStatusCode.PartialContent, response.StatusCode);
            Assert.Equal(blob.Bytes[first..(last + 1)], await response.Content.ReadAsByteArrayAsync());
        }
        else
        {
            await response.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_is_cut_never_ends_cleanly(bool withLength)
    {
        var blob = TestBlob.Random(101, 1_000_000);
        var place = shared.Take(async context =>
        {
            if (context.Request.Path == "/v2/")
            {
                return;
            }

            context.Response.ContentLength = withLength ? blob.Bytes.Length : null;
            await context.Response.Body.WriteAsync(blob.Bytes.AsMemory(0, 400_000));
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        using var alice = shared.Door.Client("alice");
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await alice.GetBlob(place.Repository, blob.Digest);
            await response.Content.ReadAsByteArrayAsync();
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_leaves_stops_the_upstream(bool encrypted)
    {
        var gone = new TaskCompletionSource();
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path == "/v2/")
            {
                return;
            }

            context.RequestAborted.Register(() => gone.TrySetResult());
            var chunk = new byte[64 * 1024];
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
            }
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url), encrypted);
        using var alice = door.Client("alice");
        var token = await alice.Token(RegistryClient.Pull("a/b"));
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, new Uri(door.DataUrl).Port);
            await using var wire = await ClientStream.Over(client.Client, new Uri(door.DataUrl));
            await wire.WriteAsync(Encoding.ASCII.GetBytes(
                $"GET /v2/a/b/blobs/{TestBlob.Random(1, 1).Digest} HTTP/1.1\r\nHost: {door.Authority}\r\nAuthorization: " +
                $"Bearer {token}\r\n\r\n"));
            await wire.ReadExactlyAsync(new byte[100_000]);
            client.Client.LingerState = new LingerOption(true, 0);
        }

        await gone.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Clients_and_upstreams_that_die_in_mid_blob_leave_nothing_behind(bool encrypted, bool http2)
    {
        var open = 0;
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path == "/v2/")
            {
                return;
            }

            Interlocked.Increment(ref open);
            try
            {
                context.Response.ContentLength = 50_000_000;
                await context.Response.Body.WriteAsync(new byte[5_000_000], context.RequestAborted);
                if (context.Request.Path.Value!.StartsWith("/v2/dies/", StringComparison.Ordinal))
                {
                    context.Abort();
                }

                await context.Response.Body.WriteAsync(new byte[45_000_000], context.RequestAborted);
            }
            finally
            {
                Interlocked.Decrement(ref open);
            }
        });
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(upstream.Url), encrypted);
        using var alice = new RegistryClient(door.DataUrl, "alice", FrontDoor.PasswordOf("alice")) { Http2 = http2 };
        var rounds = encrypted ? Support.Sizes.Of(40, 400) : Support.Sizes.Of(100, 1000);
        await Break(1);
        var before = Descriptors();
        for (var done = 0; done < rounds; done += 20)
        {
            await Task.WhenAll(Enumerable.Range(done, 20).Select(Break));
        }

        await Eventually.True(() => open == 0 && Descriptors() <= before + 10, "every connection is closed");

        int Descriptors() => Directory.GetFiles($"/proc/{door.Pid}/fd").Length;

        async Task Break(int round)
        {
            var dies = round % 2 == 0;
            try
            {
                using var response = await alice.GetBlob(dies ? "dies/b" : "a/b", TestBlob.Random(1, 1).Digest);
                await using var body = await response.Content.ReadAsStreamAsync();
                await body.ReadExactlyAsync(new byte[100_000]);
            }
            catch (Exception fault) when (dies && fault is HttpRequestException or IOException)
            {
                // The upstream's reset may overtake its first bytes.
            }
        }
    }

    [Fact]
    public async Task Headers_of_either_side_stay_on_their_side()
    {
        var place = shared.Take(context =>
        {
            context.Response.Headers.SetCookie = "a=b";
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"x\"";
            context.Response.Headers["X-Internal"] = "canary";
            context.Response.Headers.Server = "upstream/1";
            context.Response.ContentType = "application/vnd.oci.image.manifest.v1+json";
            return context.Response.WriteAsync("{}");
        });
        using var alice = shared.Door.Client("alice");
        using var response = await alice.Do(
            HttpMethod.Get, $"/v2/{place.Repository}/manifests/v1", RegistryClient.Pull(place.Repository), null,
            ("Cookie", "c=d"), ("X-Forwarded-For", "1.2.3.4"), ("Forwarded", "for=1.2.3.4"), ("Via", "x"), ("X-HTTP-Method-Override",
                "DELETE"), ("Accept", "a/b"));
        await response.ShouldBe(HttpStatusCode.OK);
        foreach (var name in new[] { "Set-Cookie", "WWW-Authenticate", "X-Internal", "Server" })
        {
            Assert.False(response.Headers.Contains(name), name);
        }

        var asked = place.Upstream.Requests.Last();
        Assert.Equal(["Accept", "Accept-Encoding", "Host", "User-Agent"], asked.Headers.Keys.Order());
    }

    [Theory]
    [InlineData(500, HttpStatusCode.BadGateway)]
    [InlineData(503, HttpStatusCode.BadGateway)]
    [InlineData(401, HttpStatusCode.BadGateway)]
    [InlineData(403, HttpStatusCode.BadGateway)]
    [InlineData(429, HttpStatusCode.TooManyRequests)]
    [InlineData(405, HttpStatusCode.MethodNotAllowed)]
    [InlineData(418, (HttpStatusCode)418)]
    public async Task What_an_upstream_answers_is_never_passed_on_as_it_is(int status, HttpStatusCode expected)
    {
        var place = shared.Take(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/v2/" ? 200 : status;
            return context.Response.WriteAsync("<html>/var/lib/secret-path</html>");
        });
        using var alice = shared.Door.Client("alice");
        using var response = await alice.GetManifest(place.Repository, "v1");
        Assert.Equal(expected, response.StatusCode);
        Assert.DoesNotContain("secret-path", await response.Content.ReadAsStringAsync());
    }
}
