using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using RegistryProxy.Configuration;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Clustering;
using StackExchange.Redis;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>The test itself as a member of a cluster, with a certificate of its authority.</summary>
internal sealed class MemberClient(IHost host) : IAsyncDisposable, ISnapshotObserver
{
    private readonly IGrainFactory _grains = host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<MemberClient> Start(Redis redis, ClusterTlsConfiguration tls)
    {
        var host = new HostBuilder().UseOrleansClient(orleans => orleans
            .UseRedisClustering(options => options.ConfigurationOptions = ConfigurationOptions.Parse(redis.Connection))
            .UseTls(new MemberCertificates(tls, TimeProvider.System).Configure)
            .Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = ("registryproxy", "default"))).Build();
        await host.StartAsync();
        return new MemberClient(host);
    }

    public IFetchGrain Fetch(FetchKey key) => _grains.GetGrain<IFetchGrain>(key.ToString());

    /// <summary>A blob as the gateways of a cluster with one tenant and one upstream know it, by the snapshot that they follow.</summary>
    public async Task<FetchKey> KeyOf(string repository, Digest digest)
    {
        var update = await _grains.GetGrain<ISnapshotGrain>(0).Follow(
            _grains.CreateObjectReference<ISnapshotObserver>(this), SnapshotPosition.Nothing);
        var known = update.Snapshot!;
        return new FetchKey(
            known.Tenants.Single().Name, new Upstream(known.Upstreams.Single(), []).Identity, RepositoryName.Parse(repository), digest);
    }

    public Task Changed(SnapshotUpdate update) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }
}
