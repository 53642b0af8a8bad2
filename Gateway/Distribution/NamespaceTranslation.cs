using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>
/// <c>?ns=</c> of containerd mirrors (containerd, docs/hosts.md; OCI distribution-spec, "Registry Proxying"): translated once into a
/// public name; from then on only that name counts.
/// </summary>
internal static class NamespaceTranslation
{
    public static bool TryTranslate(
        HttpContext context, Tenant tenant, DistributionPath path, out RepositoryName? repository, out DistributionError error)
    {
        repository = path.Repository;
        error = null!;
        if (!path.Query.TryGetSingle("ns", out var ns))
        {
            error = DistributionError.Unsupported("ns must be given only once", 400);
            return false;
        }

        if (ns is null || repository is null || tenant.IsOwnHost(ns, RequestHost.NameOf(context.Request)))
        {
            return true;
        }

        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            error = DistributionError.Unsupported("ns is only for pulls; a mirror cannot be written to");
            return false;
        }

        repository = tenant.FromNamespace(ns, repository);
        if (repository is null)
        {
            error = DistributionError.NameUnknown("this registry is not a mirror of that namespace and name");
            return false;
        }

        context.Response.Headers["OCI-Namespace"] = ns;
        return true;
    }
}
