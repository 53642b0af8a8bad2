using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Throttling;

/// <summary>Credential text that is shown to log in.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Authenticator">The authenticator that judges it.</param>
/// <param name="Text">The text.</param>
/// <param name="Part">The part of the authenticator that must decide; empty when it has but one.</param>
/// <param name="AsksNobody">
/// Whether the silo decides by itself, so that a wrong one costs nobody anything; keys that are asked for once a minute do not count.
/// </param>
internal sealed record ProofTry(string Tenant, string Authenticator, Secret Text, string Part = "", bool AsksNobody = false);
