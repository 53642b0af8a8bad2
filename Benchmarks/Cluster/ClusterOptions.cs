namespace RegistryProxy.Benchmarks.Cluster;

/// <summary>How much is measured.</summary>
/// <param name="Seconds">How long each run of requests lasts.</param>
/// <param name="Logins">Nodes that log in to each cluster, each with a subject of its own.</param>
/// <param name="Sessions">Sessions whose memory is measured.</param>
/// <param name="Tokens">Upstream tokens whose memory is measured.</param>
internal sealed record ClusterOptions(int Seconds, int Logins, int Sessions, int Tokens)
{
    /// <summary>Connections that ask for the manifest, over all gateways.</summary>
    public const int Connections = 32;

    /// <summary>Logins at the same time.</summary>
    public const int AtOnce = 32;

    /// <summary>Silos and gateways of each cluster that is measured.</summary>
    public static readonly (int Silos, int Gateways)[] Sizes = [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (3, 3)];

    /// <summary><c>--quick</c>: shorter runs, for a first impression.</summary>
    public static ClusterOptions Parse(string[] args) => args.Contains("--quick") ? new(3, 1000, 10_000, 1000) : new(8, 3000, 10_000, 1000);
}
