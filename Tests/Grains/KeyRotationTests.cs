using RegistryProxy.Configuration;
using RegistryProxy.Grains.Keys;

namespace RegistryProxy.Tests.Grains;

/// <summary>A signing key is published before it signs, and kept until the last token of its is over.</summary>
public sealed class KeyRotationTests
{
    private static readonly TokenConfiguration Tokens = new()
    {
        AccessLifetime = TimeSpan.FromMinutes(15), KeyRotation = TimeSpan.FromHours(24)
    };
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Keys_overlap()
    {
        var ring = KeyRotation.Turn(new KeyRing(), Tokens, Start);
        var (first, second) = (ring.Active!.Id, ring.Next!.Id);
        Assert.Same(ring, KeyRotation.Turn(ring, Tokens, Start + TimeSpan.FromHours(23)));

        var turned = Start + Tokens.KeyRotation;
        ring = KeyRotation.Turn(ring, Tokens, turned);
        Assert.Equal(second, ring.Active!.Id);
        Assert.Equal([first], ring.Retired.Select(key => key.Id));
        Assert.DoesNotContain(ring.Next!.Id, new[] { first, second });

        ring = KeyRotation.Turn(ring, Tokens, turned + Tokens.AccessLifetime);
        Assert.Equal([first], ring.Retired.Select(key => key.Id));
        ring = KeyRotation.Turn(ring, Tokens, turned + Tokens.AccessLifetime + TimeSpan.FromMinutes(2));
        Assert.Empty(ring.Retired);
        Assert.Equal(2, ring.UploadKeys.Count);
    }

    [Fact]
    public void A_shorter_rotation_counts_from_when_it_is_configured()
    {
        var ring = KeyRotation.Turn(new KeyRing(), Tokens with { KeyRotation = TimeSpan.FromDays(30) }, Start);
        var (next, edited) = (ring.Next!.Id, Start + TimeSpan.FromDays(1));
        var brief = Tokens with { KeyRotation = TimeSpan.FromHours(1), RefreshLifetime = TimeSpan.FromHours(2) };
        ring = KeyRotation.Turn(ring, brief, edited);
        Assert.Equal((edited + brief.KeyRotation, edited + brief.RefreshLifetime), (ring.RotateAt, ring.RoutingTurn));
        Assert.Same(ring, KeyRotation.Turn(ring, brief, edited + TimeSpan.FromSeconds(30)));
        Assert.Equal(next, KeyRotation.Turn(ring, brief, edited + brief.KeyRotation).Active!.Id);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void A_clock_that_is_far_ahead_for_a_while_ends_no_key_and_turns_go_on_when_it_is_right_again(int ticks)
    {
        var ring = KeyRotation.Turn(new KeyRing(), Tokens, Start);
        var now = Start + Tokens.KeyRotation;
        ring = KeyRotation.Turn(ring, Tokens, now);
        var (signing, uploads, routing) = (Ids([ring.Active!, .. ring.Retired]), Ids(ring.UploadKeys), Ids(ring.RoutingKeys));
        for (var tick = 0; tick < ticks; tick++)
        {
            now += TimeSpan.FromSeconds(30);
            ring = KeyRotation.Turn(ring, Tokens, now.AddDays(365));
        }

        for (var tick = 0; tick < 2; tick++)
        {
            now += TimeSpan.FromSeconds(30);
            ring = KeyRotation.Turn(ring, Tokens, now);
            Assert.Subset(Ids([ring.Active!, .. ring.Retired]), signing);
            Assert.Subset(Ids(ring.UploadKeys), uploads);
            Assert.Subset(Ids(ring.RoutingKeys), routing);
            Assert.InRange(ring.RotateAt, now, now + Tokens.KeyRotation);
            Assert.InRange(ring.RoutingTurn, now, now + Tokens.RefreshLifetime);
        }

        var next = ring.Next!.Id;
        Assert.Equal(next, KeyRotation.Turn(ring, Tokens, now + Tokens.KeyRotation).Active!.Id);
    }

    private static HashSet<string> Ids(IEnumerable<KeyEntry> keys) => [.. keys.Select(key => key.Id)];
}
