using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Manifests;

/// <summary>A question for a manifest.</summary>
/// <param name="Repository">Where.</param>
/// <param name="Reference">Which.</param>
/// <param name="Accepted">The types that the client takes.</param>
/// <param name="Fetch">How the upstream is asked.</param>
/// <param name="Mark">When.</param>
internal sealed record ManifestQuestion(
    TenantRepository Repository, ManifestReference Reference, AcceptedTypes Accepted, Fetch Fetch, WriteMark Mark)
{
    /// <summary>Whether the upstream is asked with HEAD before it is asked for what it may count as a pull.</summary>
    public bool AsksFirst { get; init; }

    /// <summary>The error for who missed too often to ask for more; <c>null</c> for everybody else.</summary>
    public DistributionError? TooManyMisses { get; init; }

    public RefusalKey RefusalKey => new(Repository, Reference, Accepted.Known);

    public FlightKey FlightKey => new(Repository, Reference, Fetch.Accept, Mark.Epoch);
}
