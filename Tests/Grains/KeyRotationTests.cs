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
}
