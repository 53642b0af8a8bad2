using Microsoft.Extensions.Logging;
using Orleans.Serialization;
using RegistryProxy.Background;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Network;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Tells the snapshot grain when the configuration, a password file or a file of an upstream changed on this silo, and for which tenants.
/// </summary>
internal sealed partial class SnapshotPublisher(
    IGrainFactory grains, AuthenticatorDirectory authenticators, UpstreamNetworks networks, ILocalSiloDetails here, TimeProvider time,
    ILogger<SnapshotPublisher> logger) : BackgroundLoop
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly Outage _outage = new(time);
    private RunningRules _told = authenticators.Running;

    public override void Dispose()
    {
        _changed.Dispose();
        base.Dispose();
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        authenticators.Changed += Signal;
        networks.Changed += Signal;
        try
        {
            while (true)
            {
                await _changed.WaitAsync(stoppingToken);
                await Publish(stoppingToken);
            }
        }
        finally
        {
            authenticators.Changed -= Signal;
            networks.Changed -= Signal;
        }
    }

    private async Task Publish(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await Tell(authenticators.Running, cancellation);
                if (_outage.End(out _, out var lasted))
                {
                    LogWell(lasted.TotalSeconds);
                }

                return;
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                if (_outage.Fail())
                {
                    LogFailed(fault);
                }

                await Task.Delay(Retry, time, cancellation);
            }
        }
    }

    private async Task Tell(RunningRules running, CancellationToken cancellation)
    {
        var snapshot = grains.GetGrain<ISnapshotGrain>(0);
        try
        {
            var silo = here.SiloAddress.ToParsableString();
            await snapshot.Changed(
                [.. running.Since(_told).Select(tenant => new TenantRules(tenant.Key, tenant.Value) { Silo = silo })], cancellation);
        }
        catch (Exception fault) when (fault is SerializerException or ArgumentException)
        {
            // A silo of the version before cannot be told this. Whatever else happens, it is told again: to drop all is dear.
            await snapshot.Refresh(cancellation);
        }

        _told = running;
    }

    private void Signal()
    {
        lock (_changed)
        {
            if (_changed.CurrentCount == 0)
            {
                _changed.Release();
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The changed configuration could not be published yet; retrying")]
    private partial void LogFailed(Exception fault);

    [LoggerMessage(Level = LogLevel.Information, Message = "The changed configuration is published, {Seconds:F0} s late")]
    private partial void LogWell(double seconds);
}
