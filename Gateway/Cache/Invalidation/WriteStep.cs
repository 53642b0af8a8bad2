namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>How far a write has come.</summary>
internal enum WriteStep
{
    /// <summary>It is about to be sent, or nobody knows what became of it.</summary>
    Begun,

    /// <summary>The upstream has written.</summary>
    Done,

    /// <summary>The upstream has written nothing, and will not.</summary>
    Refused,
}
