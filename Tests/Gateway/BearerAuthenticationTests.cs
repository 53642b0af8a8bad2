using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authentication;

namespace RegistryProxy.Tests.Gateway;

/// <summary>When an access token counts, by the clock of a gateway.</summary>
public sealed class BearerAuthenticationTests
{
    private static readonly DateTimeOffset Signed = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    /// <param name="seconds">Since it was signed, by the clock here.</param>
    /// <param name="isInUse">Whether a pull that it began goes on.</param>
    /// <param name="reason">How the reason begins.</param>
    [Theory]
    [InlineData(0, false, null)]
    [InlineData(-290, false, null)]
    [InlineData(-310, false, "not valid yet: the token begins at 2026-01-01 12:00:00Z, and it is 2026-01-01 11:54:50Z here")]
    [InlineData(299, false, null)]
    [InlineData(300, false, "expired: the token ended at 2026-01-01 12:05:00Z")]
    [InlineData(300, true, null)]
    [InlineData(43_199, true, null)]
    [InlineData(43_200, true, "expired")]
    public void A_clock_that_is_behind_refuses_no_fresh_token(int seconds, bool isInUse, string? reason)
    {
        var token = new AccessToken
        {
            Tenant = "acme", Service = "s", Subject = "alice", Session = new SessionReference("acme/staff/x", "s1", 1), Access = [],
            IssuedAt = Signed, NotBefore = Signed, Expires = Signed.AddMinutes(5),
        };
        var told = BearerAuthentication.NotNow(token, Signed.AddSeconds(seconds), isInUse);
        Assert.Equal(reason is null, told is null);
        Assert.StartsWith(reason ?? "", told ?? "");
    }
}
