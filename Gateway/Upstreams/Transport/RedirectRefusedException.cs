namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>A redirect that may not be followed; names the upstream and the host, never the signed address.</summary>
internal sealed class RedirectRefusedException(string message) : HttpRequestException(message);
