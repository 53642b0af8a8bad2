using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Requests;

/// <summary>A request to the registry as a whole, understood: the ping and the catalog.</summary>
/// <param name="Context">The request.</param>
/// <param name="TokenService">Whose it is.</param>
/// <param name="Map">The configuration.</param>
/// <param name="Path">What is asked for.</param>
/// <param name="Caller">Who asks.</param>
/// <param name="IsPage">Whether the page for people asks.</param>
internal readonly record struct RegistryWideRequest(
    HttpContext Context, TokenService TokenService, FrontDoorMap Map, DistributionPath Path, Caller Caller, bool IsPage);
