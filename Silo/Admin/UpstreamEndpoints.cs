using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Accounts;

namespace RegistryProxy.Silo.Admin;

/// <summary><c>GET /admin/upstreams</c></summary>
internal sealed class UpstreamEndpoints(IGrainFactory grains, IConfigurationFeed configuration)
{
    public async Task List(HttpContext context) =>
        await AdminReply.Json(context, await Describe(context.RequestAborted), AdminJson.Default.UpstreamStatusArray);

    /// <summary>Every upstream, by name.</summary>
    public Task<UpstreamStatus[]> Describe(CancellationToken cancellation)
    {
        var upstreams = configuration.Current.Configuration.Upstreams.Values.OrderBy(upstream => upstream.Name, StringComparer.Ordinal);
        return Task.WhenAll(upstreams.Select(upstream => Describe(upstream, cancellation)));
    }

    /// <summary>The credential of the upstream, with the account that it belongs to and the breakers of the gateways.</summary>
    private async Task<UpstreamStatus> Describe(UpstreamConfiguration upstream, CancellationToken cancellation)
    {
        var status = await grains.GetGrain<IUpstreamStatusGrain>(upstream.Name).Describe(cancellation);
        var account = await grains.GetGrain<IUpstreamAccountGrain>(UpstreamAccountName.Of(upstream)).Describe(cancellation);
        return status with { Account = account, Breaker = account.OpenBreakers > 0 ? "open" : status.Breaker };
    }
}
