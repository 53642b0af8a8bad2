using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Fairness;

/// <summary>
/// One among whom something is shared: an identity, or without a login an address, of IPv6 the /48; the default is nobody known.
/// </summary>
/// <param name="Identity">The identity; <c>null</c> without a login.</param>
/// <param name="Site">The address without a login.</param>
internal readonly record struct CallerKey(string? Identity, CallerAddress Site);
