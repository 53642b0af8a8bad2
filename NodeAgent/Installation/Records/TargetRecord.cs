namespace RegistryProxy.NodeAgent.Installation.Records;

/// <summary>A target that is installed.</summary>
internal sealed record TargetRecord
{
    public required string Name { get; init; }

    /// <summary>Copies of the agent's program.</summary>
    public required IReadOnlyList<string> Programs { get; init; }

    /// <summary>Links and where they lead.</summary>
    public required IReadOnlyDictionary<string, string> Links { get; init; }

    /// <summary>Whether the agent must serve.</summary>
    public required bool NeedsAgent { get; init; }

    /// <summary>The image service that kubelet must use; <c>null</c> when that is not what the target is about.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The provider configuration and the folder of programs that kubelet must use; <c>null</c> likewise.</summary>
    public string? ProviderConfig { get; init; }

    public string? ProviderFolder { get; init; }
}
