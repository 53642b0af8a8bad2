namespace RegistryProxy.Configuration;

/// <summary>Where the keys that sign an issuer's tokens are found.</summary>
public abstract record KeySetSource;

/// <summary>By OpenID Connect Discovery at the issuer.</summary>
public sealed record DiscoveredKeys : KeySetSource;

/// <summary>A JSON Web Key Set (RFC 7517) at an address.</summary>
public sealed record AddressedKeys(Uri Address) : KeySetSource;

/// <summary>A JSON Web Key Set in a file; absolute path.</summary>
public sealed record FiledKeys(string Path) : KeySetSource;

/// <summary>A JSON Web Key Set that stands in a managed part itself.</summary>
public sealed record InlineKeys(string Json) : KeySetSource;
