namespace RegistryProxy.Configuration;

/// <summary>The cache of a gateway, on its local disk.</summary>
public sealed record CacheConfiguration
{
    /// <summary>An absolute folder of its own; made when it is missing.</summary>
    public required string Path { get; init; }

    /// <summary>What the files in it may add up to, in bytes; default 10 GiB.</summary>
    public long MaxBytes { get; init; } = 10L * 1024 * 1024 * 1024;

    /// <summary>How long the digest of a tag is used without asking the upstream: 0 to a day, default 30 s.</summary>
    public TimeSpan TagTtl { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long after that it is still served while the upstream fails: 0 to 30 days, default 10 minutes.</summary>
    public TimeSpan StaleIfError { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether cached blobs go to clients without TLS by <c>sendfile</c>; default yes.</summary>
    public bool SendFile { get; init; } = true;
}
