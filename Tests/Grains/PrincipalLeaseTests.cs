using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Principals;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Grains;

/// <summary>When the secret of a principal is issued, by whom it is used, and what a failure costs.</summary>
public sealed class PrincipalLeaseTests
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(10);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly List<StoredSecret> _stored = [];
    private readonly Issuer _issuer;

    public PrincipalLeaseTests() => _issuer = new Issuer(() => _time.GetUtcNow() + Life);

    [Fact]
    public async Task It_is_issued_once_for_all_who_ask_at_once_and_kept()
    {
        var lease = Lease();
        _issuer.Held = new TaskCompletionSource();
        var asking = Enumerable.Range(0, 10).Select(_ => lease.Get(_issuer, 0).AsTask()).ToList();
        _issuer.Held.SetResult();
        var answers = await Task.WhenAll(asking);
        Assert.Equal(1, _issuer.Calls);
        Assert.Single(answers.Distinct());
        Assert.Null(answers[0].Failure);
        Assert.Equal(("1", _time.GetUtcNow() + Life), (answers[0].Secret!.Username, answers[0].Expires));
        Assert.Equal(answers[0], Assert.Single(_stored).Answer);
        Assert.InRange(_stored[0].RefreshAfter - _time.GetUtcNow(), Life * 0.5, Life * 0.8);
        Assert.Same(answers[0], await lease.Get(_issuer, 0));
        Assert.Equal(1, _issuer.Calls);
    }

    [Fact]
    public async Task It_is_used_unasked_for_half_of_its_life_and_renewed_beside_its_use_before_four_fifths()
    {
        var lease = Lease();
        var first = await lease.Get(_issuer, 0);
        _time.Advance((Life * 0.5) - Tick);
        Assert.Same(first, await lease.Get(_issuer, 0));
        Assert.Equal(1, _issuer.Calls);
        _time.Advance((Life * 0.3) + Tick);
        Assert.Same(first, await lease.Get(_issuer, 0));
        Assert.Equal(2, _issuer.Calls);
        var second = await lease.Get(_issuer, 0);
        Assert.Equal("2", second.Secret!.Username);
        Assert.True(second.Version > first.Version);
        Assert.Equal(2, _issuer.Calls);
    }

    [Fact]
    public async Task While_it_cannot_be_renewed_it_serves_until_it_expires_and_is_asked_for_by_back_off()
    {
        var lease = Lease();
        var first = await lease.Get(_issuer, 0);
        _issuer.Fault = new IOException("cut");
        _time.Advance(Life * 0.9);
        Assert.Same(first, await lease.Get(_issuer, 0));
        Assert.Same(first, await lease.Get(_issuer, 0));
        Assert.Equal(2, _issuer.Calls);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Same(first, await lease.Get(_issuer, 0));
        Assert.Equal(3, _issuer.Calls);

        _time.Advance((Life * 0.1) - TimeSpan.FromSeconds(11) - Tick);
        Assert.Same(first, await lease.Get(_issuer, 0));
        _time.Advance(Tick);
        var failed = await lease.Get(_issuer, 0);
        Assert.Null(failed.Secret);
        Assert.Equal(UpstreamFailureKind.Unreachable, failed.Failure!.Kind);
    }

    [Fact]
    public async Task What_fails_is_not_asked_for_again_before_its_back_off_is_over()
    {
        var lease = Lease();
        _issuer.Fault = new IssueException(UpstreamFailureKind.Refused, "AWS refuses the role");
        var failed = await lease.Get(_issuer, 0);
        Assert.Equal((UpstreamFailureKind.Refused, "AWS refuses the role"), (failed.Failure!.Kind, failed.Failure.Message));
        Assert.InRange(failed.Failure.RetryAfterSeconds, 1, 2);
        Assert.NotNull((await lease.Get(_issuer, 0)).Failure);
        Assert.Equal(1, _issuer.Calls);
        _issuer.Fault = null;
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull((await lease.Get(_issuer, 0)).Secret);
        Assert.Equal(2, _issuer.Calls);
        Assert.Single(_stored);
    }

    [Fact]
    public async Task One_that_was_good_makes_the_next_failure_the_first_one_again()
    {
        var lease = Lease();
        for (var i = 0; i < 6; i++)
        {
            _issuer.Fault = new IssueException(UpstreamFailureKind.Refused, "no");
            await lease.Get(_issuer, 0);
            _time.Advance(TimeSpan.FromMinutes(5));
        }

        _issuer.Fault = null;
        await lease.Get(_issuer, 0);
        _time.Advance(Life);
        _issuer.Fault = new IssueException(UpstreamFailureKind.Refused, "no");
        Assert.InRange((await lease.Get(_issuer, 0)).Failure!.RetryAfterSeconds, 1, 2);
    }

    [Fact]
    public async Task One_that_has_expired_when_it_comes_is_a_fault_of_clocks()
    {
        var lease = Lease();
        _issuer.Expires = () => _time.GetUtcNow();
        var failed = await lease.Get(_issuer, 0);
        Assert.Equal(UpstreamFailureKind.Misconfigured, failed.Failure!.Kind);
        Assert.Equal("the test principal was issued a credential that has already expired: check the clocks", failed.Failure.Message);
        Assert.Empty(_stored);
    }

    [Fact]
    public async Task One_that_is_good_for_longer_is_used_for_a_week()
    {
        var lease = Lease();
        _issuer.Expires = () => _time.GetUtcNow() + TimeSpan.FromDays(365);
        Assert.Equal(_time.GetUtcNow() + TimeSpan.FromDays(7), (await lease.Get(_issuer, 0)).Expires);
        _time.Advance(TimeSpan.FromDays(7));
        Assert.Equal("2", (await lease.Get(_issuer, 0)).Secret!.Username);
    }

    [Fact]
    public async Task One_that_was_refused_is_replaced_once_a_minute()
    {
        var lease = Lease();
        var first = await lease.Get(_issuer, 0);
        var second = await lease.Get(_issuer, first.Version);
        Assert.Equal("2", second.Secret!.Username);
        Assert.Same(second, await lease.Get(_issuer, first.Version));
        Assert.Same(second, await lease.Get(_issuer, second.Version));
        _time.Advance(TimeSpan.FromMinutes(1) - Tick);
        Assert.Same(second, await lease.Get(_issuer, second.Version));
        Assert.Equal(2, _issuer.Calls);
        _time.Advance(Tick);
        Assert.Equal("3", (await lease.Get(_issuer, second.Version)).Secret!.Username);
    }

    [Fact]
    public async Task Where_a_refused_one_cannot_be_replaced_it_is_answered_with_still()
    {
        var lease = Lease();
        var first = await lease.Get(_issuer, 0);
        _issuer.Fault = new IOException("cut");
        Assert.Same(first, await lease.Get(_issuer, first.Version));
        Assert.Equal(2, _issuer.Calls);
    }

    [Fact]
    public async Task All_whose_secret_was_refused_wait_for_the_replacement_that_is_under_way()
    {
        var lease = Lease();
        var first = await lease.Get(_issuer, 0);
        _issuer.Held = new TaskCompletionSource();
        var (one, two) = (lease.Get(_issuer, first.Version).AsTask(), lease.Get(_issuer, first.Version).AsTask());
        Assert.False(two.IsCompleted);
        _issuer.Held.SetResult();
        Assert.Same(await one, await two);
        Assert.Equal(2, _issuer.Calls);
    }

    [Fact]
    public async Task An_issuer_that_does_not_answer_is_given_up_after_eight_seconds()
    {
        var lease = Lease();
        _issuer.Held = new TaskCompletionSource();
        var asking = lease.Get(_issuer, 0).AsTask();
        _time.Advance(TimeSpan.FromSeconds(8) - TimeSpan.FromMilliseconds(1));
        Assert.False(asking.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(
            (UpstreamFailureKind.Unreachable, "the token service of the test principal did not answer in time"),
            ((await asking).Failure!.Kind, (await asking).Failure!.Message));
    }

    [Fact]
    public async Task What_was_issued_before_a_restart_is_used_on_and_versions_rise_over_it()
    {
        await Lease().Get(_issuer, 0);
        var before = Assert.Single(_stored);
        var lease = Lease(before);
        Assert.Same(before.Answer, await lease.Get(_issuer, 0));
        Assert.Equal(1, _issuer.Calls);
        var replaced = await lease.Get(_issuer, before.Answer.Version);
        Assert.Equal(before.Answer.Version + 1, replaced.Version);

        // Somebody set the clock back.
        var ahead = before with { Answer = before.Answer with { Version = long.MaxValue - 5 } };
        Assert.Equal(long.MaxValue - 4, (await Lease(ahead).Get(_issuer, long.MaxValue - 5)).Version);
    }

    private PrincipalLease Lease(StoredSecret? stored = null) => new(
        stored,
        secret =>
        {
            _stored.Add(secret);
            return Task.CompletedTask;
        },
        _time);

    /// <summary>Issues numbered secrets, when and while it is told to.</summary>
    private sealed class Issuer(Func<DateTimeOffset> expires) : ISecretIssuer
    {
        public Func<DateTimeOffset> Expires { get; set; } = expires;

        public Exception? Fault { get; set; }

        public TaskCompletionSource? Held { get; set; }

        public int Calls { get; private set; }

        public string Kind => "test";

        public string Definition => "test";

        public string ReadMaterial() => "";

        public async Task<IssuedSecret> Issue(CancellationToken cancellation)
        {
            Calls++;
            var name = $"{Calls}";
            if (Held is { } held)
            {
                await held.Task.WaitAsync(cancellation);
            }

            return Fault is null ? new IssuedSecret(UpstreamSecret.OfPassword(name, new Secret("canary")), Expires()) : throw Fault;
        }
    }
}
