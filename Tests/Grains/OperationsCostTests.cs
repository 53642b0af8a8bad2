using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Operations;

namespace RegistryProxy.Tests.Grains;

/// <summary>What operators see of many gateways and tenants.</summary>
public sealed class OperationsCostTests
{
    private const int Gateways = 100;
    private const int Tenants = 1000;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task A_hundred_gateways_of_a_thousand_tenants_are_told_in_no_time_and_those_that_are_gone_are_forgotten()
    {
        var grain = new OperationsGrain(_time);
        for (var round = 1; round <= 2; round++)
        {
            for (var gateway = 0; gateway < Gateways; gateway++)
            {
                await grain.Report(ReportOf($"g{gateway}", round * 200));
            }

            _time.Advance(TimeSpan.FromSeconds(2));
        }

        var best = TimeSpan.MaxValue;
        OperationsView? view = null;
        for (var i = 0; i < 20; i++)
        {
            var began = Stopwatch.GetTimestamp();
            view = await grain.Describe(TestContext.Current.CancellationToken);
            best = Stopwatch.GetElapsedTime(began) is var took && took < best ? took : best;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{best.TotalMilliseconds:0.0} ms for {Gateways} gateways of {Tenants} tenants");
        Assert.InRange(best.TotalMilliseconds, 0, 50);
        Assert.Equal(Tenants, view!.Tenants.Count);
        Assert.All(view.Tenants, tenant => Assert.Equal((Gateways * 100.0, 0, 0), (tenant.Requests, tenant.Refused, tenant.Errors)));
        Assert.Equal(Gateways, view.Processes.Count);

        _time.Advance(TimeSpan.FromMinutes(2));
        await grain.Report(ReportOf("new", 200));
        view = await grain.Describe(TestContext.Current.CancellationToken);
        Assert.Equal(["new"], view.Processes.Where(process => process.SilentSince is null).Select(process => process.Host));
        Assert.All(view.Tenants, tenant => Assert.Equal(0, tenant.Requests));
    }

    private static ProcessReport ReportOf(string id, long requests) => new()
    {
        Id = id, Kind = "gateway", Host = id, Version = "", Started = DateTimeOffset.UnixEpoch, Configuration = "",
        Tenants = [.. Enumerable.Range(0, Tenants).Select(tenant => new TenantTraffic($"tenant-{tenant}", requests, 0, 0))],
    };
}
