namespace RegistryProxy.Gateway.Cluster;

/// <summary>When a question that was not answered may be asked again. Slow is not lost: only what costs nobody anything is asked twice for its sake.</summary>
internal enum Repeat
{
    /// <summary>When there is no answer after a while, too: it changes nothing, and whoever works on it does so once for all who ask.</summary>
    WhenSilent,

    /// <summary>Only when the silo that was asked is gone, or refused it: a directory or a verifier counts it.</summary>
    WhenLost,

    /// <summary>Only when the silo refused it before it began: it can be used once, and the silo that is gone may have used it.</summary>
    WhenRefused,
}
