using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Clustering;
using StackExchange.Redis;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>The test itself as a member of a cluster, with a certificate of its authority.</summary>
internal sealed class MemberClient(IHost host) : IAsyncDisposable
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

    /// <summary>The blob that somebody asked for.</summary>
    public async Task<FetchKey> KeyOf(Digest digest)
    {
        var grains = await _grains.GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics();
        return grains.Select(grain => FetchKey.TryParse(grain.GrainId.Key.ToString() ?? "", out var key) ? key : null)
            .Single(key => key?.Digest == digest)!;
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }
}
