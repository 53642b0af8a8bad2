using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;

namespace RegistryProxy.ServiceDefaults.Telemetry;

/// <summary>Logs and metrics of a host.</summary>
public static class TelemetryExtensions
{
    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        AddLogs(builder.Logging);
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter("RegistryProxy.*", "Microsoft.Orleans", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
            .AddPrometheusExporter());
    }

    private static void AddLogs(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        if (Environment.GetEnvironmentVariable("REGISTRYPROXY_LOG") == "json")
        {
            logging.AddJsonConsole(console => console.UseUtcTimestamp = true);
        }
        else
        {
            logging.AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat, console.UseUtcTimestamp) = (true, "HH:mm:ss.fff ", true));
        }

        logging.SetMinimumLevel(LogLevel.Warning)
            .AddFilter("RegistryProxy", LogLevel.Information)

            // YARP names the whole upstream address at Information, signatures included.
            .AddFilter("Yarp", LogLevel.Error)
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            .AddFilter("Orleans", LogLevel.Warning)
            // Tells every try of Orleans by itself; what comes of it, Orleans tells.
            .AddFilter("Polly", LogLevel.Critical)

            // Reports the uptime of the machine as a stall at every start.
            .AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
    }
}
