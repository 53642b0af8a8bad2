using RegistryProxy.Gateway.Upstreams.Accounts;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>An upstream whose answers, and those of its host to the question whether it answers at all, a test gives.</summary>
internal sealed class AskedHost(
    Func<CancellationToken, Task<HttpResponseMessage>> answer, Func<CancellationToken, Task<HttpResponseMessage>> ofHost)
    : HttpMessageHandler
{
    public static UpstreamQuestion Question(string scope, Func<CancellationToken, Task<HttpResponseMessage>> answer,
        Func<CancellationToken, Task<HttpResponseMessage>> ofHost) => new(
            new HttpRequestMessage(HttpMethod.Get, "http://upstream.example/"), scope,
            new HttpMessageInvoker(new AskedHost(answer, ofHost)));

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        HostProbe.IsPing(request) ? ofHost(cancellationToken) : answer(cancellationToken);
}
