namespace RegistryProxy.Configuration;

/// <summary>What a tenant may use of the whole cluster, within 20 %; <c>null</c> is without a limit.</summary>
public sealed record LimitConfiguration
{
    public long? RequestsPerSecond { get; init; }

    /// <summary>Bytes up and down together, per second.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>Transfers at the same time.</summary>
    public int? ConcurrentStreams { get; init; }

    /// <summary>Requests per second of one identity, or of one address without a login.</summary>
    public long? IdentityRequestsPerSecond { get; init; }
}
