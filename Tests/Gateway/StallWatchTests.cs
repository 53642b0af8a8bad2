using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Upstreams.Accounts;

namespace RegistryProxy.Tests.Gateway;

/// <summary>How long the head of an answer is waited for.</summary>
public sealed class StallWatchTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task A_client_that_waits_thirty_seconds_hears_of_an_upstream_that_hangs()
    {
        var waiting = new StallWatch(_time).Watch(Hang, () => false, TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(19));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1.1));
        await Assert.ThrowsAsync<TimeoutException>(() => waiting);
    }

    [Fact]
    public async Task A_client_that_leaves_is_no_upstream_that_hangs()
    {
        using var gone = new CancellationTokenSource();
        var waiting = new StallWatch(_time).Watch(Hang, () => false, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private static async Task<HttpResponseMessage> Hang(CancellationToken cancellation)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
        return new HttpResponseMessage();
    }
}
