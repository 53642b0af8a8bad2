using System.Net;
using Orleans.Configuration;
using RegistryProxy.Clustering.Kubernetes;
using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Clustering;
using RegistryProxy.ServiceDefaults.Redis;
using RegistryProxy.ServiceDefaults.Telemetry;

namespace RegistryProxy.Gateway.Cluster;

/// <summary>How a gateway finds its cluster and talks to it.</summary>
internal static class ClusterConnection
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    /// <summary>How often the list of silos is asked for: until then a dead one is believed to be there.</summary>
    private static TimeSpan Refresh(ClusterProvider provider) => TimeSpan.FromSeconds(provider == ClusterProvider.Kubernetes ? 5 : 2);

    /// <exception cref="ConfigurationUnusableException">The address of the cluster cannot be used.</exception>
    public static void AddClusterClient(this WebApplicationBuilder builder, ClusterConfiguration cluster)
    {
        var contact = new ClusterContact();
        builder.Services.AddSingleton(contact);
        BackgroundConnection.Add(builder, client =>
        {
            UseProvider(client, cluster);
            client.AddGatewayCountChangedHandler(contact.Changed);
            if (TelemetryExport.IsOn)
            {
                client.AddActivityPropagation();
            }

            if (cluster.Tls is { } tls)
            {
                client.UseTls(new MemberCertificates(tls, TimeProvider.System).Configure);
            }

            client.Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = (cluster.ServiceId, cluster.ClusterId));
            client.Configure<Orleans.Configuration.GatewayOptions>(options => options.GatewayListRefreshPeriod = Refresh(cluster.Provider));
            client.Configure<ClientMessagingOptions>(options =>
            {
                options.CancelRequestOnTimeout = true;
                options.ResponseTimeout = TimeSpan.FromSeconds(3);
            });
            client.UseConnectionRetryFilter(async (_, cancellation) =>
            {
                await Task.Delay(Retry, TimeProvider.System, cancellation);
                return true;
            });
        });
    }

    private static void UseProvider(IClientBuilder client, ClusterConfiguration cluster)
    {
        switch (cluster.Provider)
        {
            case ClusterProvider.Redis:
                client.UseRedisClustering(options => options.ConfigurationOptions = RedisServer.Options(cluster.Redis!, "cluster.redis"));
                break;
            case ClusterProvider.Kubernetes:
                client.UseKubernetesClustering(options => (options.Namespace, options.Server, options.TokenFile, options.CaFile) =
                    (cluster.Kubernetes.Namespace, cluster.Kubernetes.Server, cluster.Kubernetes.TokenFile, cluster.Kubernetes.Ca));
                break;
            default:
                client.UseStaticClustering(new IPEndPoint(IPAddress.Loopback, cluster.GatewayPort));
                break;
        }
    }
}
