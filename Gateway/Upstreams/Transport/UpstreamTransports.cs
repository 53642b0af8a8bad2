using RegistryProxy.Egress;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// The ways out, one for each settings of connections. Credentials belong to requests, never to connections, so upstreams share them.
/// </summary>
internal sealed class UpstreamTransports(UpstreamTokenCache tokens, UpstreamAccounts accounts, FailingUpstreams failing,
    Expectations expectations, TimeProvider time) : IDisposable
{
    private readonly EgressPool _ways = new(settings => Build(tokens, accounts, failing, expectations, time, settings), time);

    public HttpMessageInvoker For(Upstream upstream) => _ways.For(upstream.Egress);

    public void Dispose() => _ways.Dispose();

    private static UpstreamTracing Build(
        UpstreamTokenCache tokens, UpstreamAccounts accounts, FailingUpstreams failing, Expectations expectations, TimeProvider time,
        EgressSettings settings) => new(
        new RedirectHandler(new UpstreamTokenHandler(
            tokens, failing, time, new HealthHandler(failing, new AccountHandler(accounts, time, new ExpectationHandler(
            expectations, new OriginGuard(new HostLookup(settings, UpstreamTransport.Create(settings)))))))));
}
