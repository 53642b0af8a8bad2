using RegistryProxy.Grains.Identity.Nonces;

namespace RegistryProxy.Tests.Grains;

/// <summary>A binding stays for as long as a document of the instance could be accepted, or that could bind it anew.</summary>
public sealed class AttestationTests
{
    private static readonly DateTimeOffset Started = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    [Fact]
    public void The_first_nonce_binds_and_the_record_outlives_every_document()
    {
        Assert.Equal(AttestationOutcome.NeedsNonce, new Attestation().Present("n", Started, Year, isFresh: false).Outcome);
        var (bound, outcome) = new Attestation().Present("n", Started, Year, isFresh: true);
        Assert.Equal(AttestationOutcome.Accepted, outcome);
        Assert.Equal(Started + Year + TimeSpan.FromDays(1), bound.KeepUntil);
        Assert.Equal(AttestationOutcome.Bound, bound.Present("other", Started, Year, isFresh: true).Outcome);
        Assert.Equal((bound, AttestationOutcome.Outdated), bound.Present("n", Started.AddSeconds(-1), Year, isFresh: false));
        Assert.Same(bound, bound.Present("n", Started, Year, isFresh: false).Next);
    }

    [Fact]
    public void A_later_start_and_a_longer_life_of_documents_keep_it_longer_and_nothing_makes_it_shorter()
    {
        var bound = new Attestation().Present("n", Started, Year, isFresh: true).Next;
        Assert.Equal(Started.AddDays(9) + Year + Attestation.Margin,
            bound.Present("n", Started.AddDays(9), Year / 2, isFresh: false).Next.KeepUntil);
        Assert.Equal(Started + (2 * Year) + Attestation.Margin, bound.Present("n", Started, 2 * Year, isFresh: false).Next.KeepUntil);
        Assert.Equal(Started + Attestation.MaxAge + Attestation.Margin,
            new Attestation { NonceHash = "n", PendingTime = Started }.KeepUntil);
    }
}
