using System.Net;

namespace RegistryProxy.Gateway.Tenants;

/// <summary>
/// How a tenant presents itself to one request: where its token endpoint is and what its service is called. Taken from the
/// configuration; only a loopback host is ever echoed.
/// </summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Realm">The absolute address of the token endpoint.</param>
/// <param name="Service">The service name and the audience of access tokens.</param>
internal sealed record Site(Tenant Tenant, string Realm, string Service)
{
    /// <summary>Scheme and authority, without a slash at the end.</summary>
    public string Origin => Realm[..^"/token".Length];

    /// <summary>The site of a tenant for a request; <c>null</c> when it has no public URL and the host is not loopback.</summary>
    public static Site? Of(Tenant tenant, HttpRequest request)
    {
        if (tenant.PublicUrl is not null)
        {
            return tenant.PublicSite;
        }

        var key = (request.Scheme, request.Host.Value ?? "");
        if (tenant.LoopbackSites.TryGet(key, out var known))
        {
            return known;
        }

        if (OfLoopback(tenant, request) is { } site)
        {
            tenant.LoopbackSites.Set(key, site);
            return site;
        }

        return null;
    }

    private static Site? OfLoopback(Tenant tenant, HttpRequest request)
    {
        return IsLoopback(request.Host.Host)
            ? new Site(tenant, $"{request.Scheme}://{request.Host.Value}/token", request.Host.Host)
            : null;
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
