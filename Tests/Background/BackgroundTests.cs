using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Background;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Background;

public sealed class BackgroundTests
{
    [Fact]
    public void A_timer_goes_on_after_a_fault()
    {
        var time = new FakeTimeProvider();
        var target = new Failing();
        using var timer = GuardedTimer.Start(time, target, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(3, target.Ticks);
    }

    [Fact]
    public async Task A_loop_begins_again_after_a_fault_and_ends_with_its_host()
    {
        using var loop = new FailingLoop();
        await loop.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.True(() => loop.Runs >= 2, "it begins again");
        await loop.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(loop.ExecuteTask!.IsCompletedSuccessfully);
    }

    [Fact]
    public void Every_handler_hears_of_an_event_though_one_fails()
    {
        var heard = 0;
        Action? handlers = () => throw new InvalidOperationException("one");
        handlers += () => heard++;
        BackgroundFaults.Raise(handlers, handler => handler());
        BackgroundFaults.Raise((Action?)null, handler => handler());
        Assert.Equal(1, heard);
    }

    private sealed class Failing : ITicking
    {
        public int Ticks { get; private set; }

        public void Tick()
        {
            Ticks++;
            throw new InvalidOperationException("tick");
        }
    }

    private sealed class FailingLoop : BackgroundLoop
    {
        public int Runs { get; private set; }

        protected override Task Run(CancellationToken stoppingToken) =>
            ++Runs == 1 ? throw new InvalidOperationException("first")
                : Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stoppingToken);
    }
}
