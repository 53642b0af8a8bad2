using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.Support;

/// <summary>
/// Tests that open hundreds of connections at once or look at the memory of a process: one after the other, beside others. What they
/// compare does not depend on who else computes.
/// </summary>
[CollectionDefinition(Name)]
[Waits(90)]
public sealed class CrowdCollection
{
    public const string Name = "crowd";
}
