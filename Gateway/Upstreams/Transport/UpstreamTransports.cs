using RegistryProxy.Egress;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// The ways out, one for each settings of connections. Credentials belong to requests, never to connections, so upstreams share them.
/// </summary>
/// <param name="connect">What sends a request over connections of such settings; by default <see cref="UpstreamTransport"/>.</param>
internal sealed class UpstreamTransports(UpstreamTokenCache tokens, UpstreamAccounts accounts, FailingUpstreams failing,
    Expectations expectations, TimeProvider time, Func<EgressSettings, HttpMessageHandler>? connect = null) : IDisposable
{
    private readonly EgressPool _ways = new(
        settings => Build(tokens, accounts, failing, expectations, time, (connect ?? Connect)(settings)), time);

    public HttpMessageInvoker For(Upstream upstream) => _ways.For(upstream.Egress);

    public void Dispose() => _ways.Dispose();

    private static UpstreamTracing Build(
        UpstreamTokenCache tokens, UpstreamAccounts accounts, FailingUpstreams failing, Expectations expectations, TimeProvider time,
        HttpMessageHandler connections) => new(
        new DecodingHandler(new RedirectHandler(failing, new WriteRedirectHandler(failing, new UpstreamTokenHandler(
            tokens, failing, new LateTokens(time), time, new HealthHandler(failing, new AccountHandler(accounts, time,
            new CountingHandler(accounts, time, new ExpectationHandler(expectations, new OriginGuard(connections))))))))));

    private static HostLookup Connect(EgressSettings settings) => new(settings, UpstreamTransport.Create(settings));
}
