using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.Scale;

/// <summary>
/// What a cluster costs as it grows. <c>./bench.sh --scale</c> measures all of it and prints the tables of docs/scaling.md.
/// </summary>
[Campaign]
[Collection(AloneCollection.Name)]
public sealed class ScaleTests
{
    private static readonly bool IsWhole = Environment.GetEnvironmentVariable("REGISTRYPROXY_SCALE") == "whole";

    [Fact]
    public async Task Nothing_that_is_sent_or_asked_grows_with_the_cluster()
    {
        var size = ScaleSize.Of(IsWhole);
        if (IsWhole)
        {
            // Compiles what the others need.
            await ScaleRun.Measure(silos: 2, tenants: 10, [2], ScaleSize.Of(isWhole: false));
        }

        var rows = await ScaleRun.Measure(silos: IsWhole ? 3 : 2, tenants: 1000, IsWhole ? [1, 10, 100] : [1, 5], size);
        Check(new ScaleTable("gateways", row => row.Gateways, rows));
        Assert.All(rows, row =>
        {
            Assert.Equal(0, row.CallsPerPull);
            Assert.InRange(row.RenewalsPerLease, 0, 1);
            Assert.InRange(row.EditBytes, 1, 4096);
            Assert.InRange(row.OverviewCpu, 0, 50);

            // Three thousand a second on two cores.
            Assert.InRange(row.WriteCpu, 1, 2e6 / 3000);

            // The slice looks for seconds without a warm-up, on whatever machine.
            Assert.InRange(row.LimitServed, IsWhole ? 0.95 : 0.85, 1.1);
            Assert.InRange(row.IdleSilo.Cpu, 0, IsWhole ? 0.02 : 0.1);
            Assert.InRange(row.IdleSilo.Bytes, 0, 1e6);
            Assert.InRange(row.IdleGateway.Cpu, 0, IsWhole ? 0.02 : 0.1);
            Assert.InRange(row.IdleGateway.Bytes, 0, 1e6);
        });
        if (IsWhole)
        {
            var (few, some) = (await ScaleRun.Measure(3, 10, [10], size), await ScaleRun.Measure(3, 100, [10], size));
            Check(new ScaleTable("tenants", row => row.Tenants, [.. few, .. some, rows[1]]));
            var (one, five) = (await ScaleRun.Measure(1, 100, [10], size), await ScaleRun.Measure(5, 100, [10], size));
            Check(new ScaleTable("silos", row => row.Silos, [.. one, .. some, .. five]));
        }
    }

    private static void Check(ScaleTable table)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(table.ToString());
        Assert.InRange(table.Exponent(row => row.EditBytes), -0.2, 0.2);
        Assert.InRange(table.Exponent(row => row.WriteCpu), -1, 0.5);
    }
}
