using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Identity;

/// <summary>What a robot was made with.</summary>
/// <param name="Tenant">Its tenant.</param>
/// <param name="Rule">What it may do, beside what rules say of it.</param>
/// <param name="Secrets">The ids of its secrets that are live: sessions that others opened are over.</param>
[GenerateSerializer, Immutable, Alias("rp.robot-grant")]
internal sealed record RobotGrant(
    [property: Id(0)] string Tenant, [property: Id(1)] GrantedRule Rule, [property: Id(2)] IReadOnlyList<string> Secrets);
