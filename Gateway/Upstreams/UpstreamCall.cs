using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>What the transport must know of a request: whose it is, what opened it, whether redirects are followed.</summary>
internal sealed record UpstreamCall(Upstream Upstream, UpstreamTokenKey Key, UpstreamGrant Grant, bool FollowRedirects)
{
    private static readonly HttpRequestOptionsKey<UpstreamCall> Option = new("registryproxy.upstream-call");

    public static UpstreamCall Of(HttpRequestMessage request) =>
        request.Options.TryGetValue(Option, out var call) ? call : throw new InvalidOperationException("a request without its upstream call");

    public void AttachTo(HttpRequestMessage request) => request.Options.Set(Option, this);
}
