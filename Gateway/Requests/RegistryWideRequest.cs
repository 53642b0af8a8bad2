using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Requests;

/// <summary>A request to the registry as a whole, understood and allowed: the ping and the catalog.</summary>
internal sealed record RegistryWideRequest(
    HttpContext Context, TokenService TokenService, FrontDoorMap Map, DistributionPath Path, Caller Caller);
