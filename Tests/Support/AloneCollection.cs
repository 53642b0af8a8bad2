namespace RegistryProxy.Tests.Support;

/// <summary>Tests that need the machine to themselves: they measure memory, open hundreds of connections at once, or drive a browser.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
