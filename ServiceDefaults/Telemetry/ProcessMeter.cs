using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Operations;

namespace RegistryProxy.ServiceDefaults.Telemetry;

/// <summary>Which program this is, and by which configuration it works since when.</summary>
internal sealed class ProcessMeter : IHostedService
{
    private readonly TimeProvider _time;
    private DateTimeOffset _since;

    public ProcessMeter(IMeterFactory meters, IConfigurationFeed configuration, TimeProvider time)
    {
        (_time, _since) = (time, time.GetUtcNow());
        configuration.Changed += () => _since = _time.GetUtcNow();
        var meter = meters.Create("RegistryProxy.Process");
        meter.CreateObservableGauge(
            "registryproxy.build_info",
            () => new Measurement<int>(1, new KeyValuePair<string, object?>("version", ProcessReporter.ProductVersion)), null,
            "1; the version of the program is its label");
        meter.CreateObservableGauge(
            "registryproxy.configuration.revision", () => configuration.Current.Configuration.Revision, null,
            "The revision of the configuration in use");
        meter.CreateObservableGauge(
            "registryproxy.configuration.hash", () => HashOf(configuration.Current.Version), null,
            "The version of the configuration in use, as a number: the same wherever the same is in use");
        meter.CreateObservableGauge(
            "registryproxy.configuration.loaded_timestamp", () => _since.ToUnixTimeSeconds(), "s",
            "Since when this configuration is in use, in seconds since 1970");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Versions are hexadecimal digits, few enough for a number of Prometheus.</summary>
    private static long HashOf(string version) =>
        long.TryParse(version, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hash) ? hash : 0;
}
