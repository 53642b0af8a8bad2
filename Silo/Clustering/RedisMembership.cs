using RegistryProxy.ServiceDefaults.Redis;
using StackExchange.Redis;
using ClusterConfiguration = RegistryProxy.Configuration.ClusterConfiguration;

namespace RegistryProxy.Silo.Clustering;

/// <summary><c>cluster.provider: redis</c></summary>
internal static class RedisMembership
{
    public static void UseRedisMembership(this ISiloBuilder silo, ClusterConfiguration cluster)
    {
        var server = RedisServer.Options(cluster.Redis!, "cluster.redis");
        silo.Services.AddKeyedSingleton<IConnectionMultiplexer>(nameof(RedisMembership), (_, _) => ConnectionMultiplexer.Connect(server));
        silo.UseRedisClustering(options => options.ConfigurationOptions = server);
        silo.Services.AddSingleton<IMembershipMemory>(services => ActivatorUtilities.CreateInstance<RedisMembershipMemory>(
            services, services.GetRequiredKeyedService<IConnectionMultiplexer>(nameof(RedisMembership))));
        silo.UseLastingMembership();
    }
}
