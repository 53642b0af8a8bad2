namespace RegistryProxy.ServiceDefaults.Telemetry;

/// <summary>
/// Whether telemetry is sent to a collector (OpenTelemetry, "OTLP Exporter Configuration"); nothing is traced when it is not.
/// </summary>
public static class TelemetryExport
{
    /// <summary>Set where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is.</summary>
    public static bool IsOn { get; } = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT"));
}
