using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Certificates;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Health;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.ServiceDefaults.Operations;
using RegistryProxy.ServiceDefaults.Requests;
using RegistryProxy.ServiceDefaults.Telemetry;

namespace RegistryProxy.ServiceDefaults;

/// <summary>What every host has: a builder without surprises, logs and metrics, health, threads, a bounded shutdown.</summary>
public static class HostBuilding
{
    /// <summary>How long running streams may go on after SIGTERM.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    /// <summary>Grain calls and streams share the pool; two threads would starve each other (as measured on two cores).</summary>
    private const int MinThreads = 16;

    public static WebApplicationBuilder CreateBuilder(HostStart start)
    {
        ThreadPool.SetMinThreads(MinThreads, MinThreads);

        // A bare LF must not end a header line here when something in front of us reads it otherwise.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
        // What goes through a proxy is said in the configuration: no library asks the environment for itself, to reach the API server or a
        // metadata service.
        HttpClient.DefaultProxy = new WebProxy();
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.AddTelemetry();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services
            .AddSingleton(start)
            .AddSingleton(start.Source)
            .AddSingleton(new ClientAddress(start.Source.Current.Configuration.Listen.TrustedProxies))
            .AddSingleton<RunningRequests>()
            .AddSingleton<WholeBodies>()
            .AddSingleton<HealthEndpoints>()
            .AddHostedService<ProcessMeter>()
            .AddHostedService<ConfigurationReport>()
            .AddHostedService<CertificateReport>()
            .AddHostedService<ProxyReport>()
            .AddSingleton<AuditLog>()
            .AddSingleton<HostSight>()
            .AddHostedService(services => services.GetRequiredService<AuditLog>())
            .Configure<HostOptions>(options =>
            {
                options.ShutdownTimeout = Grace;
                options.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore;
            });
        return builder;
    }
}
