namespace RegistryProxy.Gateway.Limits;

/// <summary>What a request without a login was charged for a name for which no upstream token was at hand.</summary>
internal enum NameCharge : byte
{
    /// <summary>Nothing: there was a token, or it was not asked for yet.</summary>
    None,

    /// <summary>A unit, before the token was asked for.</summary>
    Taken,

    /// <summary>A unit, and the request was then refused here: that is not the caller's fault.</summary>
    Spared,

    /// <summary>The request has ended: what goes on for others is charged to nobody.</summary>
    Over,
}
