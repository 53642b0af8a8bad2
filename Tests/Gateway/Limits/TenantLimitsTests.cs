using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Tests.Gateway.Limits;

/// <summary>What one may not have is not taken from the others of its tenant.</summary>
public sealed class TenantLimitsTests : IDisposable
{
    private const int Rate = 40;
    private const int Seconds = 10;

    private readonly FakeTimeProvider _time = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly LimitShares _shares;
    private readonly TenantLimits _limits;
    private readonly Tenant _tenant = Of(Rate, null);

    public TenantLimitsTests()
    {
        _shares = new LimitShares(_time);
        _limits = new TenantLimits(
            new ClientAddress([]), _shares, new TenantMeter(_services.GetRequiredService<IMeterFactory>(), _time), _time);
    }

    public void Dispose() => _services.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_stranger_at_full_speed_takes_nothing_from_users(bool hasAnonymousToken)
    {
        var (refused, served) = (0, 0);
        Play(tick =>
        {
            for (var i = 0; i < 20; i++)
            {
                served += Demands(_tenant, "10.0.0.1", hasAnonymousToken) ? 1 : 0;
            }

            // Half of what the tenant has, by somebody else behind the same address.
            refused += tick % 5 == 0 && !Uses(_tenant, "alice", "10.0.0.1") ? 1 : 0;
        });
        Assert.Equal(0, refused);
        Assert.InRange(served, Rate / 4 * (Seconds - 1), Rate * (Seconds + 1));
    }

    [Fact]
    public void An_address_without_a_token_has_a_quarter_and_the_others_the_rest()
    {
        var (served, refused) = (0, 0);
        Play(tick =>
        {
            served += Enumerable.Range(0, 20).Count(_ => Demands(_tenant, "10.0.0.1", hasAnonymousToken: false));
            refused += tick % 10 == 0 && !Demands(_tenant, "10.0.0.2", hasAnonymousToken: false) ? 1 : 0;
        });
        Assert.InRange(served, Rate / 4 * Seconds, Rate / 4 * (Seconds + 5));
        Assert.Equal(0, refused);
    }

    [Fact]
    public void Nobody_but_the_limit_of_the_tenant_stands_before_those_who_have_said_who_they_are()
    {
        var served = 0;
        Play(_ => served += Enumerable.Range(0, 20).Count(_ => Uses(_tenant, "alice", "10.0.0.1")));
        Assert.InRange(served, Rate * Seconds, Rate * (Seconds + 2));
        var alone = 0;
        Play(_ => alone += Enumerable.Range(0, 20).Count(_ => Demands(_tenant, "10.0.0.9", hasAnonymousToken: true)));
        Assert.InRange(alone, Rate * (Seconds - 1), Rate * (Seconds + 2));
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("10.0.0.2")]
    public void However_much_is_asked_with_an_anonymous_token_others_are_told_to_get_one_and_strangers_have_their_share(string other)
    {
        var (challenges, served) = (0, 0);
        Play(tick =>
        {
            served += Enumerable.Range(0, 20).Count(_ => Demands(_tenant, "10.0.0.1", hasAnonymousToken: true));
            challenges += tick % 20 == 0 && IsChallenged(other) ? 1 : 0;
        });
        Assert.Equal(5 * Seconds, challenges);
        Assert.InRange(served, Rate / 4 * Seconds, Rate * (Seconds + 2));
        Assert.True(Demands(_tenant, "10.0.0.3", hasAnonymousToken: true));
        Assert.True(Demands(_tenant, "10.0.0.4", hasAnonymousToken: false));
    }

    [Fact]
    public void Who_is_told_to_get_a_token_takes_nothing_of_the_tenant_and_has_no_more_than_its_address_has()
    {
        var (served, refused) = (0, 0);
        Play(tick =>
        {
            for (var i = 0; i < 20; i++)
            {
                served += Enumerable.Range(1, 8).Count(address => IsChallenged($"10.0.0.{address}"));
            }

            refused += tick % 5 == 0 && !Demands(_tenant, "10.0.0.9", hasAnonymousToken: true) ? 1 : 0;
        });
        Assert.Equal(0, refused);
        Assert.InRange(served, 8 * Rate / 4 * Seconds, 8 * Rate / 4 * (Seconds + 5));
    }

    [Fact]
    public void Who_logs_in_again_and_again_has_its_own_limit_alone()
    {
        var tenant = Of(Rate, 5);
        var (logins, refused) = (0, 0);
        Play(tick =>
        {
            // Its password is not even checked when it is too soon.
            for (var i = 0; i < 20; i++)
            {
                if (_limits.SpentBy(tenant, "Alice") is null)
                {
                    _limits.Proved(tenant, "Alice", "acme/corp/alice");
                    logins++;
                    _ = Now(_limits.AdmitIdentity(tenant, "acme/corp/alice", "alice"));
                }
            }

            refused += tick % 25 == 0 && !Uses(tenant, "bob", "10.0.0.1") ? 1 : 0;
        });
        Assert.Equal(0, refused);
        Assert.InRange(logins, 5 * Seconds, (5 * Seconds) + LimitSharing.LeastBurst + 1);
        Assert.Null(_limits.SpentBy(tenant, "bob"));
    }

    [Fact]
    public void However_low_a_rate_is_somebody_is_served()
    {
        var tenant = Of(1, null);
        _time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < LimitSharing.LeastBurst; i++)
        {
            Assert.Null(_limits.Spent(tenant));
            Assert.True(Uses(tenant, "alice", "10.0.0.1"));
        }

        Assert.Equal(429, _limits.Spent(tenant)!.Status);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(Uses(tenant, "alice", "10.0.0.1"));
    }

    /// <summary>A hundred moments a second.</summary>
    private void Play(Action<int> tick)
    {
        for (var i = 0; i < Seconds * 100; i++)
        {
            tick(i);
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }
    }

    private bool Demands(Tenant tenant, string address, bool hasAnonymousToken) => _limits.Spent(tenant) is null
        && Now(hasAnonymousToken ? _limits.Admit(tenant, new Caller(Token(null), []), From(address))
            : _limits.AdmitStranger(tenant, From(address))) is null;

    /// <summary>A gateway that is alone waits for nobody.</summary>
    private static T Now<T>(ValueTask<T> answer)
    {
        Assert.True(answer.IsCompleted);
        return answer.GetAwaiter().GetResult();
    }

    private bool IsChallenged(string address) =>
        _limits.Spent(_tenant) is null && Now(_limits.AdmitChallenged(_tenant, From(address))) is null;

    private bool Uses(Tenant tenant, string subject, string address) =>
        _limits.Spent(tenant) is null && Now(_limits.Admit(tenant, new Caller(Token(subject), []), From(address))) is null;

    private static DefaultHttpContext From(string address) => new() { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };

    private static AccessToken Token(string? subject) => new()
    {
        Tenant = "acme",
        Service = "here",
        Subject = subject ?? "",
        Session = subject is null ? null : new SessionReference($"acme/corp/{subject}", "s", 1),
        Access = [],
        IssuedAt = default,
        NotBefore = default,
        Expires = DateTimeOffset.MaxValue,
    };

    private static Tenant Of(long requestsPerSecond, long? ofIdentity) => new(
        new TenantSnapshot
        {
            Name = ofIdentity is null ? $"plain-{requestsPerSecond}" : "acme", Hosts = ["*"], Routes = [], AnonymousRules = [],
            Namespaces = new Dictionary<string, string>(),
            Limits = new LimitSnapshot(requestsPerSecond, null, null, ofIdentity),
        },
        new Dictionary<string, Upstream>());
}
