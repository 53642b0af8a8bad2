using BenchmarkDotNet.Running;
using RegistryProxy.Benchmarks.Cluster;
using RegistryProxy.Benchmarks.SideBySide;

namespace RegistryProxy.Benchmarks;

/// <summary>
/// <c>compare</c> measures beside the peers, <c>bare-yarp</c> is one of them, <c>cluster</c> measures silos and gateways, everything else
/// goes to BenchmarkDotNet.
/// </summary>
internal static class BenchmarkCommand
{
    public static async Task<int> Run(string[] args)
    {
        switch (args)
        {
            case ["compare", .. var options]:
                return await Comparison.Run(ComparisonOptions.Parse(options));
            case ["cluster", .. var options]:
                return await ClusterBenchmark.Run(ClusterOptions.Parse(options));
            case ["bare-yarp", var listen, var upstream]:
                await BareYarp.Run(listen, upstream);
                return 0;
            default:
                // In this process: the projects that BenchmarkDotNet writes look for one that is named like the assembly.
                var summaries = BenchmarkSwitcher.FromAssembly(typeof(PathBenchmarks).Assembly).Run(["--inProcess", .. args]);
                return summaries.Any(summary => summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success)) ? 1
                    : 0;
        }
    }
}
