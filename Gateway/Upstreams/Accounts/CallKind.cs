namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>What a request to an upstream is for: what goes wrong with one kind says nothing of the others.</summary>
internal enum CallKind
{
    /// <summary>An upload, a deletion, or a question about one.</summary>
    Write,

    /// <summary>A manifest or a blob: by these alone it is known whether an upstream is well.</summary>
    Pull,

    /// <summary>Tags, repositories or referrers, which upstreams take their time for.</summary>
    Listing,
}
