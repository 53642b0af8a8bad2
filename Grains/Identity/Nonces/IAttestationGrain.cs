using Orleans.CodeGeneration;

namespace RegistryProxy.Grains.Identity.Nonces;

/// <summary>
/// Binds an instance, whose document anybody on it can read, to the holder of a nonce on first use. The key is
/// <c>tenant/authenticator/instance</c>. Internal, but for the reset.
/// </summary>
[Version(0), Alias("rp.IAttestationGrain")]
internal interface IAttestationGrain : IGrainWithStringKey
{
    /// <summary>Takes a document that was verified.</summary>
    /// <param name="nonce">What the holder presents: a fresh nonce of ours at first, the same one ever after.</param>
    /// <param name="pendingTime">When the instance was last started; it never goes back.</param>
    [Alias("Present")]
    ValueTask<AttestationOutcome> Present(string nonce, DateTimeOffset pendingTime);
}

/// <summary>What came of a document.</summary>
[GenerateSerializer, Alias("rp.attestation-outcome")]
internal enum AttestationOutcome
{
    Accepted,

    /// <summary>First use, and the nonce is not a fresh one of ours.</summary>
    NeedsNonce,

    /// <summary>The instance is bound to another nonce.</summary>
    Bound,

    /// <summary>A later document was seen already.</summary>
    Outdated,
}
