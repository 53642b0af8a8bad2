using RegistryProxy.Egress;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Tenants;

/// <summary>An upstream registry as requests meet it.</summary>
/// <param name="snapshot">What is configured.</param>
/// <param name="sharing">The upstreams whose content may be served on this one's word; each lists the other.</param>
internal sealed class Upstream(UpstreamSnapshot snapshot, IEnumerable<UpstreamSnapshot> sharing)
{
    public string Name => snapshot.Name;

    public Uri Url => snapshot.Url;

    /// <summary>Scheme, host and port; every request with a body or a credential goes there.</summary>
    public HttpOrigin Origin { get; } = HttpOrigin.Of(snapshot.Url);

    /// <summary>How connections for it are opened.</summary>
    public EgressSettings Egress { get; } = UpstreamEgress.Of(snapshot);

    public string? OfficialPrefix => snapshot.OfficialPrefix;

    /// <summary>The account that requests count against.</summary>
    public string Account => snapshot.Account;

    /// <summary>Where it is; what is written there is written for all upstreams of this address.</summary>
    public string Address { get; } = HttpOrigin.Of(snapshot.Url).Serialized;

    /// <summary>What may be held of its answers while they are read.</summary>
    public BodyAllowance Bodies { get; } = new();

    /// <summary>What cached content came from: the same content is not expected of another address or account.</summary>
    public string Identity { get; } = IdentityOf(snapshot);

    /// <summary>
    /// Whose content is served on this one's word: its own (<see cref="Identity"/>) first. An upstream can say of anything that it has it.
    /// </summary>
    public string[] Suppliers { get; } = [IdentityOf(snapshot), .. sharing.Select(IdentityOf)];

    /// <summary>Whether an address is on this upstream's own scheme, host and port.</summary>
    public bool IsOrigin(Uri address) => Origin.Owns(address);

    /// <summary>Whether a redirect may lead to a host; the upstream's own always.</summary>
    public bool MayRedirectTo(Uri address) =>
        IsOrigin(address)
        || ((address.Scheme == Uri.UriSchemeHttps || Url.Scheme == Uri.UriSchemeHttp)
            && (address.Scheme is "http" or "https")
            && address.UserInfo.Length == 0
            && (snapshot.RedirectHosts.Count == 0 || snapshot.RedirectHosts.Any(glob => Glob.Matches(glob, address.IdnHost))));

    /// <summary>The absolute address of a path and query at this upstream.</summary>
    public Uri At(OriginForm target) => Origin.At(target);

    private static string IdentityOf(UpstreamSnapshot snapshot) => $"{snapshot.Name} {snapshot.Url} {snapshot.Account}";
}
