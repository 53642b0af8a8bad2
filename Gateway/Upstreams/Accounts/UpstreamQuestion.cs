namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>A request to an upstream, and the ways to it.</summary>
/// <param name="Request">The request.</param>
/// <param name="Scope">The scope of the token that it is asked with.</param>
/// <param name="Send">Sends it.</param>
/// <param name="Ping">Asks the host of the request whether it answers at all.</param>
internal readonly record struct UpstreamQuestion(
    HttpRequestMessage Request,
    string Scope,
    Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> Send,
    Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> Ping);
