using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Files;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Operations;
using RegistryProxy.ServiceDefaults.Operations;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>Tells operators every two seconds that this silo is there.</summary>
internal sealed class SiloReporter(
    IConfigurationFeed configuration, HostSight host, SiloTroubles troubles, IGrainFactory grains, TimeProvider time)
    : ProcessReporter("silo", time)
{
    private (string Version, string Content) _shared = ("", "");

    protected override async Task Send(string id, long number, string kind, DateTimeOffset started) =>
        await grains.GetGrain<IOperationsGrain>(0).Report(new ProcessReport
        {
            Id = id,
            Number = number,
            Kind = kind,
            Host = Environment.MachineName,
            Version = ProductVersion,
            Started = started,
            Configuration = configuration.Current.Version,
            Shared = Shared(configuration.Current),
            Troubles = ProcessTrouble.Bounded(Troubles()),
        });

    /// <summary>Parts of tenants last: there may be many, and a report has room for few.</summary>
    private IEnumerable<ProcessTrouble> Troubles() => ProcessTrouble
        .OfHost(host.Files, [], host.Audit, host.Restart, host.Certificates).Concat(troubles.Now())
        .Concat(ProcessTrouble.OfHost(null, host.Parts, null, null, []));

    /// <summary>Read once for each version: it is told every two seconds.</summary>
    private string Shared(ConfigurationSnapshot snapshot)
    {
        if (snapshot.Version != _shared.Version)
        {
            _shared = (snapshot.Version, snapshot.Text is null ? "" : ShortHash.Of(
                [SharedSections.Of(snapshot).Content, .. snapshot.Parts.OrderBy(part => part.Name, StringComparer.Ordinal)
                    .Select(part => $"{part.Name} {part.Hash}")]));
        }

        return _shared.Content;
    }

    protected override async Task Leave(string id) => await grains.GetGrain<IOperationsGrain>(0).Leave(id);
}
