using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Running;

public sealed class SiloTimeTests
{
    [Fact]
    public async Task Who_waits_in_whole_milliseconds_for_less_than_one_is_done()
    {
        var time = new FakeTimeProvider();
        var waiting = Wait(new SiloTime(time), time.GetUtcNow() + TimeSpan.FromMilliseconds(10.4));
        time.Advance(TimeSpan.FromMilliseconds(10));
        await waiting;
    }

    private static async Task Wait(SiloTime time, DateTimeOffset until)
    {
        for (var left = until - time.GetUtcNow(); left > TimeSpan.Zero; left = until - time.GetUtcNow())
        {
            await Task.Delay(left, time);
        }
    }
}
