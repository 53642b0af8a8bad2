namespace RegistryProxy.Tests.Support;

/// <summary>Tests that need the machine to themselves: they measure times, or what a process costs that does nothing.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
