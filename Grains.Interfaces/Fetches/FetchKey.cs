using System.Diagnostics.CodeAnalysis;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>A blob as one tenant gets it: the key of <see cref="IFetchGrain"/>.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Upstream">The upstream, as gateways tell them apart; holds no secret.</param>
/// <param name="Repository">The repository's name there.</param>
/// <param name="Digest">The blob.</param>
public sealed record FetchKey(string Tenant, string Upstream, RepositoryName Repository, Digest Digest)
{
    /// <summary>Reads a grain key; an upstream may hold spaces, the others never do.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out FetchKey? key)
    {
        key = text.Split(' ', 4) is [var tenant, var name, var hash, var upstream] && RepositoryName.TryParse(name, out var repository)
            && Digest.TryParse(hash, out var digest)
            ? new FetchKey(tenant, upstream, repository, digest)
            : null;
        return key is not null;
    }

    /// <summary>The grain key.</summary>
    public override string ToString() => $"{Tenant} {Repository} {Digest} {Upstream}";
}
