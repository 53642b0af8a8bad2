using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Login;
using RegistryProxy.Grains.Throttling;

namespace RegistryProxy.Tests.Grains;

/// <summary>What counts as a guess at an account: what a directory may have counted does, what nobody looked at does not.</summary>
public sealed class CountedPasswordTests
{
    /// <summary>More than the guesses that an account has.</summary>
    private const int Tries = 40;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_password_that_may_have_been_counted_is_a_guess_at_its_account(bool isSent)
    {
        var asked = await Asked(_ => new(Verdict.Unavailable("away") with { MayBeCounted = isSent }));
        Assert.Equal(isSent ? 30 : Tries, asked);
    }

    /// <summary>How many tries of one account, each from an address of its own, came to be verified.</summary>
    private async Task<int> Asked(Func<CancellationToken, ValueTask<Verdict>> verify)
    {
        var (throttle, verifier, asked) = (new LoginThrottle(_time), new LoginVerifier(_time, NullLogger<LoginVerifier>.Instance), 0);
        for (var i = 0; i < Tries; i++)
        {
            var address = $"192.0.2.{i}";
            await verifier.Verify(
                stop => throttle.Begin("acme", "alice", address, stop),
                stop =>
                {
                    asked++;
                    return verify(stop);
                },
                default);
        }

        return asked;
    }
}
