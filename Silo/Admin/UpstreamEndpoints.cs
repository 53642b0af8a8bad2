using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Accounts;

namespace RegistryProxy.Silo.Admin;

/// <summary><c>GET /admin/upstreams</c></summary>
internal sealed class UpstreamEndpoints(IGrainFactory grains, IConfigurationFeed configuration)
{
    public async Task List(HttpContext context)
    {
        var upstreams = configuration.Current.Configuration.Upstreams.Values.OrderBy(upstream => upstream.Name, StringComparer.Ordinal);
        var states = await Task.WhenAll(upstreams.Select(upstream => Describe(upstream, context.RequestAborted)));
        await AdminReply.Json(context, states, AdminJson.Default.UpstreamStatusArray);
    }

    /// <summary>The credential of the upstream, with the account that it belongs to and the breakers of the gateways.</summary>
    private async Task<UpstreamStatus> Describe(UpstreamConfiguration upstream, CancellationToken cancellation)
    {
        var status = await grains.GetGrain<IUpstreamStatusGrain>(upstream.Name).Describe(cancellation);
        var account = await grains.GetGrain<IUpstreamAccountGrain>(UpstreamAccountName.Of(upstream)).Describe(cancellation);
        return status with { Account = account, Breaker = account.OpenBreakers > 0 ? "open" : status.Breaker };
    }
}
