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
    public (int Silos, int Gateways)[] Sizes { get; private init; } = [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (3, 3)];

    /// <summary>Logins of a round before those that count.</summary>
    public int WarmLogins { get; private init; } = Logins / 3;

    /// <summary>How many rounds there are at most.</summary>
    public int WarmRounds { get; private init; } = 1;

    /// <summary>Whether nothing but logins is measured.</summary>
    public bool LoginsAlone { get; private init; }

    /// <summary>
    /// <c>--quick</c>: shorter runs, for a first impression. <c>--logins</c>: logins alone, in processes that have compiled what they run.
    /// </summary>
    public static ClusterOptions Parse(string[] args) => args.Contains("--logins")
        ? new(0, 10_000, 0, 0) { LoginsAlone = true, WarmLogins = 10_000, WarmRounds = 8, Sizes = [(1, 1), (3, 3)] }
        : args.Contains("--quick") ? new(3, 1000, 10_000, 1000) : new(8, 3000, 10_000, 1000);
}
