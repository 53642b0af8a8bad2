namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>How a download into the cache ended.</summary>
internal enum DownloadEnd
{
    /// <summary>It has not.</summary>
    Open,

    /// <summary>All of it came and is what the digest says.</summary>
    Complete,

    /// <summary>It has no known length or does not fit: nothing was written.</summary>
    NotKept,

    /// <summary>The disk did not take the rest, or there was no room for it; the upstream would go on.</summary>
    DiskFailed,

    /// <summary>The upstream gave up, or everybody left.</summary>
    Failed,

    /// <summary>The bytes are not what the digest says.</summary>
    Corrupt,
}
