namespace RegistryProxy.Gateway.Referrers;

/// <summary>A manifest that refers to another one, as an index lists it.</summary>
/// <param name="Descriptor">Its descriptor, as it is written there.</param>
/// <param name="Digest">What it is; <c>null</c> when the descriptor does not say.</param>
/// <param name="ArtifactType">What it is for; <c>null</c> when the descriptor does not say.</param>
internal sealed record Referrer(ReadOnlyMemory<byte> Descriptor, string? Digest, string? ArtifactType);
