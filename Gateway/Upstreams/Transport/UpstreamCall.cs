using RegistryProxy.Egress;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>What the transport must know of a request.</summary>
/// <param name="Upstream">Whose it is.</param>
/// <param name="Key">The token that it needs.</param>
/// <param name="Grant">What opens the upstream.</param>
/// <param name="FollowRedirects">Whether redirects are followed.</param>
/// <param name="IsMetered">Whether upstreams that limit pulls count it.</param>
/// <param name="Kind">What it is for.</param>
internal sealed record UpstreamCall(
    Upstream Upstream, UpstreamTokenKey Key, UpstreamGrant Grant, bool FollowRedirects, bool IsMetered, CallKind Kind)
{
    private static readonly HttpRequestOptionsKey<UpstreamCall> Option = new("registryproxy.upstream-call");

    public static UpstreamCall Of(HttpRequestMessage request) =>
        request.Options.TryGetValue(Option, out var call) ? call : throw new InvalidOperationException("a request without its upstream call");

    public void AttachTo(HttpRequestMessage request)
    {
        request.Options.Set(Option, this);
        OriginGuard.Bind(request, Upstream.Origin);
    }
}
