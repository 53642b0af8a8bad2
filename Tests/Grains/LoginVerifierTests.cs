using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Login;
using RegistryProxy.Grains.Throttling;

namespace RegistryProxy.Tests.Grains;

/// <summary>What becomes of a login whose authenticator fails: nobody's guess, and of a text that cannot be read a refusal.</summary>
public sealed class LoginVerifierTests
{
    /// <summary>More than an account has.</summary>
    private const int Many = 45;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly LoginThrottle _throttle;
    private readonly LoginVerifier _verifier;

    public LoginVerifierTests() =>
        (_throttle, _verifier) = (new LoginThrottle(_time), new LoginVerifier(_time, NullLogger<LoginVerifier>.Instance));

    public static TheoryData<Exception> Faults =>
    [
        new InvalidOperationException("Sequence contains more than one element"), new HttpRequestException(), new IOException(),
        new TimeoutException(),
        new TaskCanceledException(), new NullReferenceException(), new OutOfMemoryException(), new FormatException(),
        new CryptographicException(),
        new ObjectDisposedException("x"), new OrleansException(), new AggregateException(),
    ];

    public static TheoryData<Exception> Unreadable =>
    [
        new InvalidOperationException("Cannot read incomplete UTF-16"), new ArgumentOutOfRangeException(), new CryptographicException(),
        new JsonException(),
        new FormatException(), new UriFormatException(), new OverflowException(), new KeyNotFoundException(),
    ];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_is_no_guess_at_an_account(Exception fault)
    {
        for (var i = 0; i < Many; i++)
        {
            var verdict = await _verifier.Verify(
                Begin($"10.0.0.{i}"), _ => ValueTask.FromException<Verdict>(fault), CancellationToken.None);
            Assert.Equal("this login cannot be decided now", verdict.Message);
            Assert.Equal(VerdictKind.Unavailable, verdict.Kind);
        }

        // The right password still gets in, from anywhere.
        Assert.Equal(VerdictKind.Proved, (await _verifier.Verify(Begin("10.0.1.1"), _ => new(Proved), CancellationToken.None)).Kind);
    }

    [Fact]
    public async Task Neither_is_one_that_takes_too_long()
    {
        for (var i = 0; i < Many; i++)
        {
            var asked = new TaskCompletionSource();
            var verdict = _verifier.Verify(
                Begin($"10.0.0.{i}"),
                async stop =>
                {
                    asked.SetResult();
                    await Task.Delay(Timeout.Infinite, stop);
                    return Verdict.Unknown;
                },
                CancellationToken.None).AsTask();
            await asked.Task;
            _time.Advance(LoginTimes.Proof);
            Assert.Contains("within the time limit", (await verdict).Message);
        }
    }

    [Fact]
    public async Task A_login_whose_time_is_over_is_answered_whatever_it_waits_for()
    {
        var login = _verifier.Within(
            LoginTimes.Login, async stop => await new TaskCompletionSource<LoginResult>().Task.WaitAsync(stop), CancellationToken.None);
        _time.Advance(LoginTimes.Login);
        Assert.Equal(LoginStatus.Unavailable, (await login).Status);
        using var gone = new CancellationTokenSource();
        var left = _verifier.Within(
            LoginTimes.Login, async stop => await new TaskCompletionSource<LoginResult>().Task.WaitAsync(stop), gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
    }

    [Fact]
    public async Task An_address_has_only_so_many_faults()
    {
        var results = new List<VerdictKind>();
        for (var i = 0; i < 2 * LoginThrottle.UndecidedBurst; i++)
        {
            results.Add((await _verifier.Verify(Begin("10.0.0.1", $"user{i}"), _ => throw new IOException(), CancellationToken.None)).Kind);
        }

        Assert.Equal(LoginThrottle.UndecidedBurst, results.Count(kind => kind == VerdictKind.Unavailable));
        Assert.Equal(LoginThrottle.UndecidedBurst, results.Count(kind => kind == VerdictKind.Busy));
    }

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task A_credential_that_makes_its_reader_throw_is_refused(Exception fault)
    {
        var verdict = await _verifier.JudgeText(Begin("10.0.0.1"), _ => throw fault, CancellationToken.None);
        Assert.Equal((VerdictKind.Refused, "the credential cannot be read"), (verdict.Kind, verdict.Message));
    }

    [Fact]
    public async Task One_whose_judge_fails_is_not()
    {
        foreach (var fault in new Exception[] { new HttpRequestException(), new IOException(), new TimeoutException(),
            new ObjectDisposedException("x"), new OrleansException() })
        {
            Assert.Equal(VerdictKind.Unavailable,
                (await _verifier.JudgeText(Begin("10.0.0.1"), _ => throw fault, CancellationToken.None)).Kind);
        }
    }

    private static Verdict Proved { get; } = Verdict.Proved(new VerifiedIdentity("it", "alice", [], new Dictionary<string, string>(), ""));

    private Func<CancellationToken, ValueTask<LoginAttempt?>> Begin(string address, string user = "alice") =>
        stop => _throttle.Begin("acme", user, address, stop);
}
