using BenchmarkDotNet.Attributes;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Benchmarks;

/// <summary>What every request pays before a byte moves: the parsing of its target, and the rules.</summary>
[MemoryDiagnoser]
public class PathBenchmarks
{
    private const string Blob = "/v2/team-a/deep/app/blobs/sha256:c5b49b1805d5b258eba8f60c88c535eb38b591a258d3c1bddb5c4db76ec0003c";

    private static readonly RepositoryName Name = RepositoryName.Parse("team-a/deep/app");
    private static readonly GrantedRule[] Rules =
    [
        new("public", [RepositoryPattern.Parse("public/**")], RepositoryActions.Pull),
        new("base", [RepositoryPattern.Parse("**/base-*")], RepositoryActions.Pull),
        new("team", [RepositoryPattern.Parse("team-a/**")], RepositoryActions.Pull | RepositoryActions.Push),
    ];

    [Benchmark]
    public bool ParseBlobTarget() => DistributionPath.TryParse(Blob, out _, out _);

    [Benchmark]
    public RepositoryActions EvaluateRules() => Rules.ActionsOn(Name);
}
