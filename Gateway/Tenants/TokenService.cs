using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway.Tenants;

/// <summary>
/// How a tenant presents itself to one request: where its token endpoint is and what its service is called. Taken from the
/// configuration; only a loopback host is ever echoed.
/// </summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Scheme"><c>http</c> or <c>https</c>.</param>
/// <param name="Authority">Host, and port where it is not the one of the scheme.</param>
/// <param name="Service">The service name and the audience of access tokens.</param>
internal sealed record TokenService(Tenant Tenant, string Scheme, string Authority, string Service)
{
    /// <summary>Scheme and authority, without a slash at the end.</summary>
    public string Origin { get; } = $"{Scheme}://{Authority}";

    /// <summary>The absolute address of the token endpoint.</summary>
    public string Realm { get; } = $"{Scheme}://{Authority}/token";

    /// <summary>The token service of a tenant for a request; <c>null</c> when it has no public URL and the host is not loopback.</summary>
    public static TokenService? Of(Tenant tenant, HttpRequest request)
    {
        if (tenant.PublicUrl is not null)
        {
            return tenant.PublicTokenService;
        }

        var key = (request.Scheme, RequestHost.Of(request));
        if (tenant.LoopbackTokenServices.TryGet(key, out var known))
        {
            return known;
        }

        if (OfLoopback(tenant, request) is { } tokenService)
        {
            tenant.LoopbackTokenServices.Set(key, tokenService);
            return tokenService;
        }

        return null;
    }

    private static TokenService? OfLoopback(Tenant tenant, HttpRequest request)
    {
        var (host, name) = (RequestHost.Of(request), RequestHost.NameOf(request));
        if (!RequestHost.IsLoopback(name))
        {
            return null;
        }

        // As browsers say where a page is.
        var isUsual = host[name.Length..] == (request.Scheme == Uri.UriSchemeHttps ? ":443" : ":80");
        return new TokenService(tenant, request.Scheme, (isUsual ? name : host).ToLowerInvariant(), name);
    }
}
