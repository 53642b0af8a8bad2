using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Tenants;

/// <summary>One route of a tenant: a prefix of public names, and the upstream and prefix that it becomes.</summary>
internal sealed class TenantRoute(RouteSnapshot snapshot, Upstream upstream)
{
    public string Prefix => snapshot.Prefix;

    public Upstream Upstream => upstream;

    public bool FollowRedirects => snapshot.FollowRedirects;

    /// <summary>The name at the upstream; <c>null</c> when the public name is not below the prefix or becomes too long.</summary>
    public RepositoryName? ToUpstream(RepositoryName name)
    {
        if (name.Below(Prefix) is not { } rest)
        {
            return null;
        }

        var rewritten = Join(snapshot.Rewrite, rest);
        if (Upstream.OfficialPrefix is { Length: > 0 } official && !rewritten.Contains('/'))
        {
            rewritten = Join(official, rewritten);
        }

        return RepositoryName.TryParse(rewritten, out var upstreamName) ? upstreamName : null;
    }

    /// <summary>The public name of a name at the upstream; <c>null</c> when it lies outside this route.</summary>
    public RepositoryName? ToPublic(RepositoryName upstreamName) =>
        upstreamName.Below(snapshot.Rewrite) is { } rest && RepositoryName.TryParse(Join(Prefix, rest), out var name) ? name : null;

    private static string Join(string prefix, string rest) => prefix.Length == 0 ? rest : $"{prefix}/{rest}";
}
