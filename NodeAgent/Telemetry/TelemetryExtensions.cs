using Microsoft.Extensions.Logging.Console;
using OpenTelemetry.Metrics;
using RegistryProxy.Background;

namespace RegistryProxy.NodeAgent.Telemetry;

/// <summary>Log and metrics of the agent.</summary>
internal static class TelemetryExtensions
{
    /// <summary>One line for each event, to standard error, which systemd keeps; JSON with <c>REGISTRYPROXY_LOG=json</c>.</summary>
    public static void AddAgentLog(this ILoggingBuilder log)
    {
        log.SetMinimumLevel(LogLevel.Warning).AddFilter("RegistryProxy", LogLevel.Information);
        if (ProcessOutput.IsJson)
        {
            log.AddJsonConsole(console => (console.TimestampFormat, console.UseUtcTimestamp) = (ProcessOutput.TimeFormat, true));
        }
        else
        {
            log.AddSimpleConsole(console => (console.SingleLine, console.ColorBehavior) = (true, LoggerColorBehavior.Disabled));
        }

        log.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    public static void AddAgentMetrics(this IServiceCollection services)
    {
        services.AddSingleton<AgentMetrics>();
        services.AddOpenTelemetry().WithMetrics(
            metrics => metrics.AddMeter(AgentMetrics.MeterName, BackgroundFaults.MeterName).AddPrometheusExporter());
    }

    /// <summary><c>/livez</c>, <c>/metrics</c> and what is added; the rest is 404.</summary>
    public static void RunHealth(this IApplicationBuilder app, Action<IEndpointRouteBuilder>? more = null)
    {
        app.UseOpenTelemetryPrometheusScrapingEndpoint();
        app.UseRouting().UseEndpoints(endpoints =>
        {
            endpoints.MapGet("/livez", (RequestDelegate)(context => context.Response.WriteAsync("ok\n")));
            more?.Invoke(endpoints);
        });
    }
}
