using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity.Robots;

/// <summary>The robots of a tenant, as logins and sessions ask for them; the key is the tenant. Internal: no client may call it.</summary>
[Version(0), Alias("rp.IRobotDirectoryGrain")]
internal interface IRobotDirectoryGrain : IGrainWithStringKey
{
    /// <summary>A robot, and which of its secrets this is; <c>null</c> when there is none of this name.</summary>
    [Alias("Prove"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<FoundRobot?> Prove(string name, Secret secret, string clientAddress);

    /// <summary>A robot; <c>null</c> when there is none of this name.</summary>
    [Alias("Find"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<FoundRobot?> Find(string name);
}

/// <summary>A robot that is there.</summary>
/// <param name="Rule">What it was made for.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="Secrets">The ids of its live secrets, the newest first; never empty.</param>
/// <param name="Proved">The id of the secret that was shown; <c>null</c> when it is none of them, or none was.</param>
[GenerateSerializer, Immutable, Alias("rp.found-robot")]
internal sealed record FoundRobot(
    [property: Id(0)] GrantedRule Rule, [property: Id(1)] DateTimeOffset Expires, [property: Id(2)] IReadOnlyList<string> Secrets,
    [property: Id(3)] string? Proved);
