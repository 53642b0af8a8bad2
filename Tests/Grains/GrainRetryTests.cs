using RegistryProxy.Grains.Calls;

namespace RegistryProxy.Tests.Grains;

/// <summary>A question whose answer was lost is asked again; one that nobody waits for any more is not.</summary>
public sealed class GrainRetryTests
{
    public static TheoryData<Exception> Losses =>
        [new TimeoutException(), new SiloUnavailableException(), new OperationCanceledException(), new TaskCanceledException()];

    [Theory]
    [MemberData(nameof(Losses), DisableDiscoveryEnumeration = true)]
    public async Task What_is_lost_is_asked_again(Exception loss)
    {
        var asked = 0;
        Assert.Equal(7, await GrainRetry.Call(
            () => ++asked == 1 ? ValueTask.FromException<int>(loss) : new(7), TimeProvider.System, default));
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task Who_does_not_wait_any_more_is_not_asked_for()
    {
        using var stop = new CancellationTokenSource();
        var asked = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => GrainRetry.Call<int>(
            async () =>
            {
                asked++;
                await stop.CancelAsync();
                throw new OperationCanceledException();
            },
            TimeProvider.System, stop.Token));
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task A_fault_of_the_grain_is_an_answer() => await Assert.ThrowsAsync<InvalidOperationException>(
        () => GrainRetry.Call<int>(() => throw new InvalidOperationException(), TimeProvider.System, default));
}
