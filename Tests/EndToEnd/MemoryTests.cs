using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Slow readers of a large blob: the bytes wait at the upstream, not here.</summary>
[Collection(AloneCollection.Name)]
public sealed class MemoryTests
{
    private const long BlobBytes = 300L * 1024 * 1024;

    [Fact]
    public async Task Two_hundred_slow_readers_fit_into_four_hundred_megabytes()
    {
        var readers = Sizes.Of(100, 200);
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path == "/v2/")
            {
                return;
            }

            context.Response.ContentLength = BlobBytes;
            var chunk = new byte[256 * 1024];
            for (long sent = 0; sent < BlobBytes; sent += chunk.Length)
            {
                await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
            }
        });
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        using var stop = new CancellationTokenSource();
        var started = 0;
        var all = Enumerable.Range(0, readers).Select(_ => ReadSlowly()).ToList();
        await Support.Processes.Eventually.True(() => started == readers, "every reader has begun", TimeSpan.FromSeconds(60));
        long peak = 0;
        for (var i = 0; i < 50; i++)
        {
            peak = Math.Max(peak, door.ResidentBytes());
            await Task.Delay(100);
        }

        await stop.CancelAsync();
        await Task.WhenAll(all);
        TestContext.Current.SendDiagnosticMessage($"{readers} slow readers: {peak / 1_000_000} MB resident");
        Assert.True(peak < 400_000_000, $"{peak / 1_000_000} MB");

        async Task ReadSlowly()
        {
            using var response = await alice.GetBlob("a/b", TestBlob.Random(1, 1).Digest);
            await using var stream = await response.Content.ReadAsStreamAsync();
            var buffer = new byte[64 * 1024];
            await stream.ReadExactlyAsync(buffer);
            Interlocked.Increment(ref started);
            try
            {
                while (true)
                {
                    await stream.ReadExactlyAsync(buffer, stop.Token);
                    await Task.Delay(200, stop.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // Enough was seen.
            }
        }
    }
}
