namespace RegistryProxy.Gateway.Cluster;

/// <summary>
/// When a call that was not answered may be repeated. Slow is not lost: only what costs nobody anything is repeated when an answer is late.
/// </summary>
internal enum Repeat
{
    /// <summary>When there is no answer after a while, too: it changes nothing, and its grain works on it once for all callers.</summary>
    WhenSilent,

    /// <summary>Only when the called silo is gone, or refused it: a directory or a plug-in counts it.</summary>
    WhenLost,

    /// <summary>Only when the silo refused it before it began: it can be used once, and the silo that is gone may have used it.</summary>
    WhenRefused,

    /// <summary>Never here: its caller goes on without an answer, or calls again by itself.</summary>
    Never,
}
