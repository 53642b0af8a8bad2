using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Tenants;

/// <summary>Where a request goes.</summary>
/// <param name="Upstream">The registry.</param>
/// <param name="Name">The repository's name there.</param>
/// <param name="FollowRedirects">Whether redirects of blobs are followed here, rather than passed to the client.</param>
internal sealed record Destination(Upstream Upstream, RepositoryName Name, bool FollowRedirects);
