using RegistryProxy.ServiceDefaults.Redis;
using ClusterConfiguration = RegistryProxy.Configuration.ClusterConfiguration;

namespace RegistryProxy.Silo.Clustering;

/// <summary><c>cluster.provider: redis</c></summary>
internal static class RedisMembership
{
    public static void UseRedisMembership(this ISiloBuilder silo, ClusterConfiguration cluster)
    {
        var server = RedisServer.Options(cluster.Redis!, "cluster.redis");
        silo.UseRedisClustering(options => options.ConfigurationOptions = server);
        silo.UseWatchedMembership();
    }
}
