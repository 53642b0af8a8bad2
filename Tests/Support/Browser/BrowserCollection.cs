namespace RegistryProxy.Tests.Support.Browser;

/// <summary>Tests that drive a browser: one browser at a time is enough for a machine.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserCollection
{
    public const string Name = "browser";
}
