using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.Silo.Admin.Replies;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary><c>GET /admin/overview</c>: what the page at <c>/</c> shows.</summary>
internal sealed class OverviewEndpoint(IGrainFactory grains, IConfigurationFeed configuration, HostStart start, UpstreamEndpoints upstreams)
{
    public async Task Describe(HttpContext context)
    {
        var view = await grains.GetGrain<IOperationsGrain>(0).Describe(context.RequestAborted);
        await AdminReply.Json(
            context,
            new Overview(
                configuration.Current.Version,
                [.. configuration.Current.Configuration.Tenants.Values.Select(tenant => new OverviewTenant(
                    tenant.Name, tenant.Hosts, view.Tenants.FirstOrDefault(rates => rates.Tenant == tenant.Name)
                        ?? new TenantRates(tenant.Name, 0, 0, 0)))],
                await upstreams.Describe(context.RequestAborted),
                view.Repositories,
                view.Processes)
            {
                ConfigurationErrors = start.Source is ConfigurationWatcher watcher
                    ? [.. watcher.LastErrors.Select(error => error.ToString())] : [],
            },
            OperationsJson.Default.Overview);
    }
}

/// <summary>The cluster at a glance.</summary>
internal sealed record Overview(
    string Configuration,
    IReadOnlyList<OverviewTenant> Tenants,
    UpstreamStatus[] Upstreams,
    IReadOnlyList<RepositoryPulls> Repositories,
    IReadOnlyList<ProcessStatus> Processes)
{
    /// <summary>What is wrong with the file of this silo as it is now; empty when it is in use.</summary>
    public IReadOnlyList<string> ConfigurationErrors { get; init; } = [];
}

/// <summary>A tenant at a glance.</summary>
internal sealed record OverviewTenant(string Name, IReadOnlyList<string> Hosts, TenantRates PerSecond);
