using RegistryProxy.Egress;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// The two ways out: one that may dial private addresses and one that may not. Credentials belong to requests, never to connections, so
/// upstreams share them.
/// </summary>
internal sealed class UpstreamTransports(GrantCache grants, UpstreamAccounts accounts, FailingUpstreams failing, TimeProvider time) : IDisposable
{
    private readonly HttpMessageInvoker _public = Build(grants, accounts, failing, time, allowPrivate: false);
    private readonly HttpMessageInvoker _private = Build(grants, accounts, failing, time, allowPrivate: true);

    public HttpMessageInvoker For(Upstream upstream) => upstream.AllowPrivate ? _private : _public;

    public void Dispose()
    {
        _public.Dispose();
        _private.Dispose();
    }

    private static HttpMessageInvoker Build(GrantCache grants, UpstreamAccounts accounts, FailingUpstreams failing, TimeProvider time, bool allowPrivate) => new(
        new UpstreamTracing(
            new RedirectHandler(new GrantHandler(grants, time, new HealthHandler(failing, new AccountHandler(accounts, time, new OriginGuard(
                new HostLookup(UpstreamTransport.Create(allowPrivate)))))))));
}
