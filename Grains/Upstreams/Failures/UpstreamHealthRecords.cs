using Microsoft.Extensions.Logging;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>Begins the records of what operators are told of upstreams.</summary>
internal sealed class UpstreamHealthRecords(UpstreamFailureMeter failures, ILogger<UpstreamHealth> logger)
{
    /// <summary>The record of one upstream.</summary>
    /// <param name="upstream">Its name in the configuration.</param>
    /// <param name="address">Where it is now.</param>
    public UpstreamHealth Begin(string upstream, Func<string> address) => new(upstream, address, failures, logger);
}
