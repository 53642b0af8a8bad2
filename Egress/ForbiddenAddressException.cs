namespace RegistryProxy.Egress;

/// <summary>A name resolved to an address that this upstream may not dial.</summary>
public sealed class ForbiddenAddressException(string message) : IOException(message);
