using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.Support.Browser;

/// <summary>Tests that drive a browser: one browser at a time is enough for a machine.</summary>
[CollectionDefinition(Name)]
[Waits(150)]
public sealed class BrowserCollection
{
    public const string Name = "browser";
}
