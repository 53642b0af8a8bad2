namespace RegistryProxy.Benchmarks.SideBySide;

/// <summary>How much is measured.</summary>
/// <param name="Runs">Alternating runs; the medians count.</param>
/// <param name="BlobBytes">Size of the blob.</param>
/// <param name="Seconds">How long each run of manifests lasts.</param>
/// <param name="SlowReaders">Connections that take a blob slowly.</param>
/// <param name="Only">Names of peers that are measured must hold this; empty for all.</param>
internal sealed record ComparisonOptions(int Runs, int BlobBytes, int Seconds, int SlowReaders, string Only)
{
    /// <summary>Readers of the blob at the same time.</summary>
    public const int Readers = 4;

    /// <summary>Connections that ask for the manifest.</summary>
    public const int Connections = 32;

    /// <summary><c>--quick</c>: fewer and smaller runs, for a first impression. <c>--only NAME</c>: some of the peers.</summary>
    public static ComparisonOptions Parse(string[] args)
    {
        var only = Array.IndexOf(args, "--only") is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : "";
        return args.Contains("--quick") ? new(3, 128 * 1024 * 1024, 2, 300, only) : new(5, 256 * 1024 * 1024, 4, 1000, only);
    }
}
