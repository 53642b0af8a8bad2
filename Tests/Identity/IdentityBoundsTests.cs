using RegistryProxy.Grains.Identity;

namespace RegistryProxy.Tests.Identity;

/// <summary>How much an identity may hold.</summary>
public sealed class IdentityBoundsTests
{
    [Fact]
    public void Groups_claims_and_their_text_have_a_bound_each()
    {
        Assert.True(With(VerifiedIdentity.MaxGroups, 1, 0).IsBounded);
        Assert.False(With(VerifiedIdentity.MaxGroups + 1, 1, 0).IsBounded);
        Assert.True(With(0, 0, VerifiedIdentity.MaxClaims).IsBounded);
        Assert.False(With(0, 0, VerifiedIdentity.MaxClaims + 1).IsBounded);
        Assert.True(With(1, (int)VerifiedIdentity.MaxText, 0).IsBounded);
        Assert.False(With(1, (int)VerifiedIdentity.MaxText + 1, 0).IsBounded);
        Assert.False(With(2, (int)VerifiedIdentity.MaxText / 2, 1).IsBounded);
    }

    private static VerifiedIdentity With(int groups, int length, int claims) => new(
        "sso", "alice", [.. Enumerable.Repeat(new string('g', length), groups)], Enumerable.Range(0, claims)
            .ToDictionary(i => $"c{i:000}", _ => "v"), "", null);
}
