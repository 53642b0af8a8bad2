using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Files.Yaml;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.ServiceDefaults.Health;

/// <summary>
/// <c>/livez</c> says that the process answers; <c>/readyz</c> whether it should get work, with the version of its configuration.
/// </summary>
public sealed class HealthEndpoints
{
    /// <summary>How many errors of the file are named.</summary>
    private const int MaxPlaces = 10;

    private readonly IReadiness[] _parts;
    private readonly IConfigurationFeed _configuration;
    private readonly HostStart _start;
    private readonly IHostApplicationLifetime _lifetime;

    public HealthEndpoints(
        IEnumerable<IReadiness> parts, IConfigurationFeed configuration, HostStart start, IHostApplicationLifetime lifetime,
        IMeterFactory meters)
    {
        (_parts, _configuration, _start, _lifetime) = ([.. parts], configuration, start, lifetime);
        meters.Create("RegistryProxy.Health").CreateObservableGauge(
            "registryproxy.ready",
            () => _parts.Select(part => new Measurement<int>(part.IsReady ? 1 : 0, new KeyValuePair<string, object?>("part", part.Name))),
            null, "Whether a part of this process can do its work, as /readyz says");
        meters.Create("RegistryProxy.Health").CreateObservableGauge(
            "registryproxy.configuration.errors", () => (_start.Source as ConfigurationWatcher)?.LastErrors.Count ?? 0, "{error}",
            "Errors in the configuration files as they are now: a file is not in use while it has any");
        meters.Create("RegistryProxy.Health").CreateObservableGauge(
            "registryproxy.configuration.faulty_files", FaultyFiles, "{file}",
            "Included files and files of tenants that are not in use as they are now, by what stands in for them");
    }

    public static Task Live(HttpContext context) => context.Response.WriteAsync("ok\n", context.RequestAborted);

    public async Task Ready(HttpContext context)
    {
        var draining = _lifetime.ApplicationStopping.IsCancellationRequested;
        var ready = !draining && Array.TrueForAll(_parts, part => part.IsReady);
        context.Response.StatusCode = ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteBoolean("ready", ready);
        json.WriteBoolean("draining", draining);
        WriteConfiguration(json);
        json.WriteStartObject("parts");
        foreach (var part in _parts)
        {
            json.WriteString(part.Name, (part.IsReady ? "ready" : "not ready") + (part.Detail is { } detail ? $": {detail}" : ""));
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>In which lines they are, and no name of a tenant or an upstream: everybody may ask.</summary>
    private static void WriteErrors(Utf8JsonWriter json, ConfigurationWatcher watcher)
    {
        if (watcher.BrokenSince is not { } since)
        {
            return;
        }

        json.WriteString("brokenSince", since.UtcDateTime);
        json.WriteStartArray("errorsAt");
        foreach (var error in watcher.LastErrors.Take(MaxPlaces))
        {
            json.WriteStringValue($"{(IsOfPart(watcher, error) ? "included" : Path.GetFileName(error.File))}:{error.Line}");
        }

        json.WriteEndArray();
    }

    /// <summary>Files of tenants have their names.</summary>
    private static bool IsOfPart(ConfigurationWatcher watcher, ConfigurationError error) =>
        watcher.LastFaults.Any(fault => fault.Part.Length > 0 && fault.File == error.File);

    private IEnumerable<Measurement<int>> FaultyFiles()
    {
        var faults = (_start.Source as ConfigurationWatcher)?.LastFaults ?? [];
        foreach (var (isKept, name) in new[] { (true, "last_good"), (false, "none") })
        {
            yield return new Measurement<int>(
                faults.Count(fault => fault.IsKept == isKept), new KeyValuePair<string, object?>("in_use", name));
        }
    }

    private void WriteConfiguration(Utf8JsonWriter json)
    {
        json.WriteStartObject("configuration");
        json.WriteString("version", _configuration.Current.Version);
        json.WriteNumber("revision", _configuration.Current.Configuration.Revision);
        if (_start.Source is ConfigurationWatcher watcher)
        {
            json.WriteNumber("errors", watcher.LastErrors.Count);
            json.WriteNumber("faultyFiles", watcher.LastFaults.Count);
            WriteErrors(json, watcher);
            json.WriteStartArray("needsRestart");
            foreach (var section in watcher.NeedsRestart)
            {
                json.WriteStringValue(section);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
