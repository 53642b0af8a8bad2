using RegistryProxy.Background;

namespace RegistryProxy.Gateway.Cluster;

/// <summary>
/// Connects to the cluster while the host is already running, for as long as it takes: a gateway that cannot reach its cluster listens,
/// answers 503 and says so in <c>/readyz</c>.
/// </summary>
internal sealed class BackgroundConnection(IHostedService connection) : BackgroundLoop
{
    /// <summary>Adds a client of the cluster that connects in the background.</summary>
    public static void Add(WebApplicationBuilder builder, Action<IClientBuilder> configure)
    {
        var before = Hosted(builder.Services).ToHashSet();
        builder.UseOrleansClient(configure);
        foreach (var blocking in Hosted(builder.Services).Where(service => !before.Contains(service)).ToList())
        {
            builder.Services.Remove(blocking);
            builder.Services.AddSingleton<IHostedService>(
                services => new BackgroundConnection((IHostedService)blocking.ImplementationFactory!(services)));
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await connection.StopAsync(cancellationToken);
    }

    protected override Task Run(CancellationToken stoppingToken) => connection.StartAsync(stoppingToken);

    private static IEnumerable<ServiceDescriptor> Hosted(IServiceCollection services) =>
        services.Where(service => service.ServiceType == typeof(IHostedService));
}
