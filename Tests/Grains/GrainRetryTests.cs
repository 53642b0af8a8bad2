using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Calls;
using RegistryProxy.Grains.Keys;

namespace RegistryProxy.Tests.Grains;

/// <summary>A question whose answer was lost is asked again; one that nobody waits for any more is not.</summary>
public sealed class GrainRetryTests
{
    private static readonly GrainRetry Question =
        new(typeof(IPublishedKeyGrain), nameof(IPublishedKeyGrain.GetSigningKey), TimeSpan.FromSeconds(8));

    public static TheoryData<Exception> Losses =>
        [new TimeoutException(), new SiloUnavailableException(), new OperationCanceledException(), new TaskCanceledException()];

    [Theory]
    [MemberData(nameof(Losses), DisableDiscoveryEnumeration = true)]
    public async Task What_is_lost_is_asked_again(Exception loss)
    {
        var asked = 0;
        Assert.Equal(7, await Question.Call(
            () => ++asked == 1 ? ValueTask.FromException<int>(loss) : new(7), TimeProvider.System, default));
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task Who_does_not_wait_any_more_is_not_asked_for()
    {
        using var stop = new CancellationTokenSource();
        var asked = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Question.Call<int>(
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
        () => Question.Call<int>(() => throw new InvalidOperationException(), TimeProvider.System, default));

    [Fact]
    public async Task Who_does_not_answer_is_given_up_in_time()
    {
        var time = new FakeTimeProvider();
        var asking = Question.Call(() => new ValueTask<int>(new TaskCompletionSource<int>().Task), time, default);
        Assert.False(asking.IsCompleted);
        time.Advance(Question.Total);
        await Assert.ThrowsAsync<TimeoutException>(() => asking);
    }
}
