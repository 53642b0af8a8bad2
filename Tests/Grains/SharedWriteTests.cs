using RegistryProxy.Grains.Sessions;

namespace RegistryProxy.Tests.Grains;

public sealed class SharedWriteTests
{
    [Fact]
    public async Task Whoever_comes_while_a_write_runs_shares_the_next_one()
    {
        List<TaskCompletionSource> writes = [];
        var begun = new SemaphoreSlim(0);
        var shared = new SharedWrite(() =>
        {
            writes.Add(new TaskCompletionSource());
            begun.Release();
            return writes[^1].Task;
        });
        var first = shared.Write();
        Assert.True(await begun.WaitAsync(TimeSpan.FromSeconds(10)));
        var (second, third) = (shared.Write(), shared.Write());
        Assert.Same(second, third);

        // One that fails fails those who waited for it, and no others.
        writes[0].SetException(new IOException("the disk is full"));
        await Assert.ThrowsAsync<IOException>(() => first);
        Assert.True(await begun.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.False(second.IsCompleted);
        writes[1].SetResult();
        await second;
        Assert.Equal(2, writes.Count);
    }
}
