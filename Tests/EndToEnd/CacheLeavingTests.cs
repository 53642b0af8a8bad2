using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Clients that go away in the middle of a download.</summary>
public sealed class CacheLeavingTests
{
    private const int Size = 8 * 1024 * 1024;

    private static readonly TestBlob Blob = TestBlob.Random(770, Size);

    [Fact]
    public async Task The_upstream_is_stopped_when_the_last_one_has_left()
    {
        await using var upstream = await BlobUpstream.Start(Blob);
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url));
        using var alice = door.Client("alice");
        (upstream.HoldAt, upstream.Pace) = (Size / 4, TimeSpan.FromMilliseconds(1));
        var (first, second) = (await Begin(alice), await Begin(alice));
        first.Dispose();
        await Assert.ThrowsAsync<TimeoutException>(
            () => Eventually.True(() => upstream.Running == 0, "nobody stops it", TimeSpan.FromSeconds(2)));
        second.Dispose();
        await Eventually.True(() => upstream.Running == 0, "the upstream is stopped", TimeSpan.FromSeconds(1));

        // Who comes next begins anew.
        upstream.Release(Blob);
        using var again = await alice.GetBlob("a/b", Blob.Digest);
        Assert.Equal(Blob.Digest, new TestBlob(await again.Content.ReadAsByteArrayAsync()).Digest);
    }

    [Fact]
    public async Task More_than_half_is_worth_the_rest()
    {
        await using var upstream = await BlobUpstream.Start(Blob);
        await using var door = await FrontDoor.Start(CacheTests.Yaml(upstream.Url));
        using var alice = door.Client("alice");
        upstream.HoldAt = Size * 3 / 4;
        var reader = await Begin(alice);
        await (await reader.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[Size * 5 / 8]);
        reader.Dispose();
        await Assert.ThrowsAsync<TimeoutException>(
            () => Eventually.True(() => upstream.Running == 0, "nobody stops it", TimeSpan.FromSeconds(2)));
        upstream.Release(Blob);
        await Eventually.True(async () => await door.Metric("registryproxy_cache_objects") == 1, "it is in the cache");
        Assert.Equal(Size, upstream.Sent);
    }

    /// <summary>Clients that leave before the upstream has answered at all.</summary>
    [Fact]
    public async Task A_question_is_taken_back_when_nobody_waits_for_the_answer()
    {
        var (asked, stopped) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path.Value!.Contains("/blobs/"))
            {
                asked.TrySetResult();
                using var leaving = context.RequestAborted.Register(() => stopped.TrySetResult());
                await Task.WhenAny(Task.Delay(Timeout.Infinite, context.RequestAborted));
            }
        });
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url));
        using var alice = door.Client("alice");
        await alice.Token(RegistryClient.Pull("a/b"));
        var waiting = alice.GetBlob("a/b", Blob.Digest);
        await asked.Task;
        alice.Http.CancelPendingRequests();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(15));
    }

    private static async Task<HttpResponseMessage> Begin(RegistryClient client)
    {
        var response = await client.GetBlob("a/b", Blob.Digest);
        await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[100_000]);
        return response;
    }
}
