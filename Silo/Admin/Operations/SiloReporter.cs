using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Operations;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>Tells operators every two seconds that this silo is there.</summary>
internal sealed class SiloReporter(IConfigurationFeed configuration, IGrainFactory grains, TimeProvider time)
    : ProcessReporter("silo", time)
{
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
        });

    protected override async Task Leave(string id) => await grains.GetGrain<IOperationsGrain>(0).Leave(id);
}
