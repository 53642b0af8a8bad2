using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Silo.Admin;

/// <summary><c>GET /admin/cache</c>: what each gateway keeps, as it told a few seconds ago.</summary>
internal sealed class CacheEndpoint(IGrainFactory grains)
{
    public async Task List(HttpContext context) => await AdminReply.Json(
        context, await grains.GetGrain<ICacheGrain>(0).Describe(context.RequestAborted), AdminJson.Default.IReadOnlyListCacheReport);
}
