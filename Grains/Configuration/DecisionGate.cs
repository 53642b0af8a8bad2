using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Nothing is decided on a silo before it knows what its cluster follows and has read the parts of managed tenants, or by rules that the
/// cluster has left: a removed right does not come back with a silo that starts from an old file.
/// </summary>
internal sealed class DecisionGate(IConfigurationFeed configuration, IEnumerable<LocalFiles> local)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly RevisionFeed? _cluster = configuration as RevisionFeed;
    private readonly ManagedParts? _managed = local.FirstOrDefault()?.Watcher?.Managed;

    /// <summary>Returns when this silo may decide; soon, or never after a failure.</summary>
    /// <exception cref="SiloUnavailableException">It cannot use the configuration of its cluster: another silo is to be asked.</exception>
    /// <exception cref="TimeoutException">It has just started and has not read its configuration yet.</exception>
    public ValueTask Pass() =>
        _cluster is null or { Settled.IsCompleted: true, IsUsable: true } && _managed is null or { Settled.IsCompleted: true }
            ? ValueTask.CompletedTask : new(Wait());

    private async Task Wait()
    {
        if (_cluster is not null)
        {
            await _cluster.Settled.WaitAsync(Timeout);
            if (!_cluster.IsUsable)
            {
                throw new SiloUnavailableException("this silo cannot use the configuration of its cluster; its log says why");
            }
        }

        if (_managed is not null)
        {
            await _managed.Settled.WaitAsync(Timeout);
        }
    }
}
