using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Silo.Admin.Replies;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary><c>GET /admin/cache</c>: what each gateway keeps, as it told a few seconds ago.</summary>
internal sealed class CacheEndpoint(IGrainFactory grains)
{
    public async Task List(HttpContext context) => await AdminReply.Json(
        context, await grains.GetGrain<ICacheGrain>(0).Describe(context.RequestAborted), OperationsJson.Default.IReadOnlyListCacheReport);
}
