using System.Net;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

/// <summary>A request is charged for a name once, however many of its questions to the upstream run at the same time.</summary>
public sealed class NameChargeTests
{
    private const int Burst = 40;

    [Fact]
    public async Task Questions_of_one_request_at_the_same_time_are_charged_once()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        for (var round = 0; round < 200; round++)
        {
            var gate = new RateGate(time, TimeSpan.FromSeconds(Burst));
            var account = new NameAccount(new MissedNames(null!, time), CallerAddress.Of(IPAddress.Loopback), gate);
            var request = new RegistryRequest
            {
                Context = null!, TokenService = null!, Map = null!, Path = null!, Caller = null!, Repository = null!, Route = null!,
                Destination = null!, Account = account,
            };
            using var begin = new Barrier(3);
            await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
            {
                begin.SignalAndWait();
                Assert.Null(request.ChargeName());
            })));
            Assert.True(gate.CanTake((5 * Burst) - 1, 5), "more than one was charged");
            Assert.False(gate.CanTake(5 * Burst, 5), "none was charged");
        }
    }
}
