using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Network;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>Begins the records of what operators are told of upstreams.</summary>
internal sealed class UpstreamHealthRecords(
    UpstreamFailureMeter failures, UpstreamNetworks networks, LastingSecrets secrets, ILogger<UpstreamHealth> logger)
{
    /// <summary>The record of one upstream.</summary>
    /// <param name="upstream">Its name in the configuration.</param>
    /// <param name="address">Where it is now.</param>
    public UpstreamHealth Begin(string upstream, Func<string> address) => new(upstream, address, failures, logger);

    /// <summary>
    /// What operators are told of an upstream, with what is wrong with the files of its <c>tls</c> and of its credentials.
    /// </summary>
    public UpstreamStatus WithFiles(UpstreamStatus status) =>
        With(With(status, secrets.ProblemOf(LastingSecrets.OfUpstream(status.Upstream))), networks.ProblemOf(status.Upstream));

    private static UpstreamStatus With(UpstreamStatus status, (DateTimeOffset, string)? files) => files is not var (since, problem) ? status
        : status with
        {
            LastError = status.LastError is { } other ? $"{problem}. {other}" : problem, LastErrorAt = status.LastErrorAt ?? since,
        };
}
