namespace RegistryProxy.Tests.Support;

/// <summary>Tests that need the machine to themselves: they measure times or memory, or open hundreds of connections at once.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
