using Microsoft.Extensions.Logging;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Network;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>Begins the records of what operators are told of upstreams.</summary>
internal sealed class UpstreamHealthRecords(UpstreamFailureMeter failures, UpstreamNetworks networks, ILogger<UpstreamHealth> logger)
{
    /// <summary>The record of one upstream.</summary>
    /// <param name="upstream">Its name in the configuration.</param>
    /// <param name="address">Where it is now.</param>
    public UpstreamHealth Begin(string upstream, Func<string> address) => new(upstream, address, failures, logger);

    /// <summary>What operators are told of an upstream, with what is wrong with the files of its <c>tls</c>.</summary>
    public UpstreamStatus WithFiles(UpstreamStatus status) => networks.ProblemOf(status.Upstream) is not var (since, problem) ? status
        : status with
        {
            LastError = status.LastError is { } other ? $"{problem}. {other}" : problem, LastErrorAt = status.LastErrorAt ?? since,
        };
}
