using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Silo.Admin;

/// <summary><c>GET /admin/upstreams</c></summary>
internal sealed class UpstreamEndpoints(IGrainFactory grains, IConfigurationFeed configuration)
{
    public async Task List(HttpContext context)
    {
        var names = configuration.Current.Configuration.Upstreams.Keys.Order(StringComparer.Ordinal);
        var states = await Task.WhenAll(names.Select(name => grains.GetGrain<IUpstreamStatusGrain>(name).Describe(context.RequestAborted).AsTask()));
        await AdminReply.Json(context, states, AdminJson.Default.UpstreamStatusArray);
    }
}
