namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>A request to an upstream, and the way on.</summary>
/// <param name="Request">The request.</param>
/// <param name="Scope">The scope of the token that it is asked with.</param>
/// <param name="Next">What it is sent through, and the question of its host (<see cref="HostProbe"/>).</param>
internal readonly record struct UpstreamQuestion(HttpRequestMessage Request, string Scope, HttpMessageInvoker Next);
