using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Identity.Nonces;

/// <summary>What is kept of an instance.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.attestation")]
internal sealed record Attestation : IExpiringState
{
    /// <summary>The highest <c>maxAge</c> that may be configured.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromDays(3650);

    /// <summary>Beyond the life of the document, since clocks differ.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromDays(1);

    /// <summary>SHA-256 of the nonce; <c>null</c> before the first use.</summary>
    [Id(0)]
    public string? NonceHash { get; init; }

    [Id(1)]
    public DateTimeOffset PendingTime { get; init; }

    /// <summary>How old a document may be that is accepted; <c>null</c> in records from before this was kept.</summary>
    [Id(2)]
    public TimeSpan? DocumentLife { get; init; }

    /// <summary>Not before the document can no longer be accepted, or whoever has it could bind the instance anew.</summary>
    public DateTimeOffset? KeepUntil => PendingTime + (DocumentLife ?? MaxAge) + Margin;

    /// <summary>The binding after a document, and what came of that.</summary>
    /// <param name="hash">Of the nonce that came with it.</param>
    /// <param name="pendingTime">Of the document.</param>
    /// <param name="maxAge">How old a document may be now.</param>
    /// <param name="isFresh">Whether the nonce is a fresh one of ours, taken just now.</param>
    public (Attestation Next, AttestationOutcome Outcome) Present(
        string hash, DateTimeOffset pendingTime, TimeSpan maxAge, bool isFresh) => this switch
    {
        { NonceHash: null } when !isFresh => (this, AttestationOutcome.NeedsNonce),
        { NonceHash: { } bound } when bound != hash => (this, AttestationOutcome.Bound),
        { NonceHash: not null } when pendingTime < PendingTime => (this, AttestationOutcome.Outdated),
        { NonceHash: not null } when pendingTime == PendingTime && maxAge <= DocumentLife => (this, AttestationOutcome.Accepted),
        _ => (new Attestation
        {
            NonceHash = hash, PendingTime = pendingTime, DocumentLife = maxAge > DocumentLife ? maxAge : DocumentLife ?? maxAge
        }, AttestationOutcome.Accepted),
    };
}
