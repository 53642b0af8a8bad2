using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using RegistryProxy.Background;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace RegistryProxy.ServiceDefaults.Telemetry;

/// <summary>Logs, metrics and traces of a host.</summary>
public static class TelemetryExtensions
{
    private static readonly string[] ProbePaths = ["/livez", "/readyz", "/metrics"];

    /// <summary>
    /// Room for the labels of each instrument is taken at the start, 2,000 of them by default. Those of others have grain types and silos
    /// for labels; what is too many is counted together.
    /// </summary>
    private static readonly MetricStreamConfiguration Few = new() { CardinalityLimit = 300 };

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        AddLogs(builder.Logging);
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter("RegistryProxy.*", "Microsoft.Orleans", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel",
                "System.Runtime")
            .AddView(instrument => instrument.Meter.Name.StartsWith("RegistryProxy", StringComparison.Ordinal)
                ? SeriesBudget.Of(instrument) : Few)
            .AddPrometheusExporter());
        if (TelemetryExport.IsOn)
        {
            AddExport(builder.Services, builder.Environment.ApplicationName);
        }
    }

    /// <summary>
    /// Where the standard variables of OpenTelemetry name a collector, metrics and traces go there: request, grain calls, upstream. Queries
    /// of addresses stay out of spans, since those of blob storage are credentials.
    /// </summary>
    private static void AddExport(IServiceCollection services, string host) => services.AddOpenTelemetry()
        .ConfigureResource(resource =>
            resource.AddService(Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME") ?? host.Replace('.', '-').ToLowerInvariant()))
        .WithMetrics(metrics => metrics.AddOtlpExporter())
        .WithTracing(traces => traces
            .AddSource("RegistryProxy.*", "Microsoft.Orleans.Runtime", "Microsoft.Orleans.Application")
            .AddAspNetCoreInstrumentation(requests =>
            {
                requests.Filter = context => !ProbePaths.Contains(context.Features.Get<IHttpRequestFeature>()?.RawTarget);

                // The id that the client was told.
                requests.EnrichWithHttpRequest = (span, request) =>
                    span.SetTag(SpanTags.RequestId, request.HttpContext.TraceIdentifier);
            })
            .AddProcessor(new SpanNames())
            .AddOtlpExporter());

    private static void AddLogs(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        if (ProcessOutput.IsJson)
        {
            logging.AddJsonConsole(console => (console.TimestampFormat, console.UseUtcTimestamp) = (ProcessOutput.TimeFormat, true));
        }
        else
        {
            logging.AddSimpleConsole(
                console => (console.SingleLine, console.TimestampFormat, console.UseUtcTimestamp) = (true, "HH:mm:ss.fff ", true));
        }

        // The console is written to at a pace.
        logging.Services.RemoveAll<ILoggerProvider>();
        logging.Services.AddSingleton<ConsoleLoggerProvider>();
        logging.Services.AddSingleton<ILoggerProvider>(
            services => new PacedLogs(services.GetRequiredService<ConsoleLoggerProvider>(), TimeProvider.System));
        logging.SetMinimumLevel(LogLevel.Warning)
            .AddFilter("RegistryProxy", LogLevel.Information)

            // YARP names the whole upstream address at Information, signatures included.
            .AddFilter("Yarp", LogLevel.Error)
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)

            // Says nothing at Warning, but while it could, every request gets a scope and an activity that nobody looks at.
            .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None)
            .AddFilter("Orleans", LogLevel.Warning)

            // Says several times a second that no silo answers; a gateway says it once, and when one does.
            .AddFilter("Orleans.Messaging.GatewayManager", LogLevel.Error)

            // Tells every try of Orleans by itself; what comes of it, Orleans tells.
            .AddFilter("Polly", LogLevel.Critical)

            // Reports the uptime of the machine as a stall at every start.
            .AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
    }
}
