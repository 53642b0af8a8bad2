namespace RegistryProxy.Gateway.Requests;

/// <summary>Where an answer came from, as audit lines and metrics say it.</summary>
internal enum CacheState
{
    /// <summary>The route has no cache.</summary>
    None,

    /// <summary>From here.</summary>
    Hit,

    /// <summary>From here, after the upstream was asked whether it is still so.</summary>
    Revalidated,

    /// <summary>From here, although the upstream could not be asked.</summary>
    Stale,

    /// <summary>From the upstream, and kept.</summary>
    Miss,

    /// <summary>From a download that somebody else had begun.</summary>
    Joined,

    /// <summary>From another gateway, and kept.</summary>
    Peer,

    /// <summary>From the upstream, and not kept: it does not fit, or the disk cannot be written.</summary>
    Bypass,

    /// <summary>A range from the upstream, which nothing here can check, and not kept.</summary>
    Unverified,
}

/// <summary>Names of <see cref="CacheState"/>.</summary>
internal static class CacheStateNames
{
    public static string Name(this CacheState state) => state switch
    {
        CacheState.Hit => "hit",
        CacheState.Revalidated => "revalidated",
        CacheState.Stale => "stale",
        CacheState.Miss => "miss",
        CacheState.Joined => "joined",
        CacheState.Peer => "peer",
        CacheState.Bypass => "bypass",
        CacheState.Unverified => "unverified",
        _ => "none",
    };
}
