namespace RegistryProxy.Egress;

/// <summary>A request with a body or a credential was about to leave for another origin than its own; nothing was sent.</summary>
public sealed class WrongOriginException()
    : HttpRequestException("the request would have gone to another host than the one it was made for");
