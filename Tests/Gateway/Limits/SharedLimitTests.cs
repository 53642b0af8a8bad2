using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Limits;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Tests.Gateway.Limits;

/// <summary>
/// A limit holds for the cluster, wherever requests arrive and however many gateways there are: ten seconds of virtual time.
/// </summary>
public sealed class SharedLimitTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly List<TenantLimits> _gateways = [];
    private LimitCluster? _cluster;

    public void Dispose() => _services.Dispose();

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 10, 1)]
    [InlineData(5, 10, 10)]
    [InlineData(19, 10, 10)]
    [InlineData(19, 10, 3)]
    [InlineData(90, 100, 100)]
    [InlineData(90, 100, 1)]
    [InlineData(500, 100, 7)]
    [InlineData(500, 3, 3)]
    [InlineData(2000, 100, 100)]
    public async Task What_a_tenant_may_have_is_served_wherever_it_is_asked_for(int rate, int gateways, int busy)
    {
        Start(gateways);
        var tenant = Of(rate);
        _ = await Play(tenant, Enumerable.Range(0, busy), rate * 3, seconds: 5);
        var served = await Play(tenant, Enumerable.Range(0, busy), rate * 3, seconds: 10);
        Assert.InRange(served, (10 * rate * 0.95) - 1, (10 * rate * 1.05) + 1);
    }

    [Theory]
    [InlineData(50, 10)]
    [InlineData(500, 100)]
    [InlineData(100, 100)]
    public async Task From_the_first_moment_it_is_never_more_than_the_limit_and_one_burst(int rate, int gateways)
    {
        Start(gateways);
        var served = await Play(Of(rate), Enumerable.Range(0, gateways), rate * 3, seconds: 10);
        Assert.InRange(served, 10 * rate * 0.95, 11 * rate * 1.05);
    }

    [Fact]
    public async Task When_the_requests_move_to_other_gateways_the_limit_moves_with_them()
    {
        Start(10);
        var tenant = Of(100);
        _ = await Play(tenant, [0], 300, seconds: 3);
        var served = await Play(tenant, [5, 6], 300, seconds: 10);
        Assert.InRange(served, 10 * 100 * 0.9, 11 * 100);
    }

    [Fact]
    public async Task Who_asks_for_little_has_it_beside_who_asks_for_much()
    {
        Start(10);
        var tenant = Of(100);
        _ = await Play(tenant, [0, 1], 1000, seconds: 3);
        var (served, refused) = (0, 0);
        await Run(seconds: 10, async tick =>
        {
            for (var i = 0; i < 10; i++)
            {
                served += await Demands(0, tenant) ? 1 : 0;
            }

            refused += tick % 20 == 0 && !await Demands(1, tenant) ? 1 : 0;
        });
        Assert.Equal(0, refused);
        Assert.InRange(served, 10 * 90, 11 * 100);
    }

    [Fact]
    public async Task When_the_grain_begins_anew_nobody_gets_more_than_the_limit_and_one_burst()
    {
        Start(10);
        var tenant = Of(100);
        _ = await Play(tenant, [0, 1, 2], 600, seconds: 5);
        _cluster!.Move();
        var served = await Play(tenant, Enumerable.Range(0, 10), 600, seconds: 10);
        Assert.InRange(served, 10 * 90, 11.5 * 100);
    }

    [Fact]
    public async Task Without_an_answer_each_gateway_has_an_equal_part()
    {
        Start(10);
        var tenant = Of(100);
        _ = await Play(tenant, [0], 600, seconds: 5);
        _cluster!.IsSilent = true;
        _ = await Play(tenant, Enumerable.Range(0, 10), 600, seconds: 4);
        Assert.InRange(await Play(tenant, Enumerable.Range(0, 10), 600, seconds: 10), 950, 1050);
    }

    [Fact]
    public async Task A_gateway_that_is_gone_leaves_what_it_had_to_the_others()
    {
        Start(3);
        var tenant = Of(90);
        _ = await Play(tenant, [0, 1, 2], 600, seconds: 5);
        _ = await Play(tenant, [0], 200, seconds: 4);
        Assert.InRange(await Play(tenant, [0], 200, seconds: 10), 860, 940);
    }

    [Fact]
    public async Task An_identity_has_its_limit_wherever_it_asks()
    {
        Start(10);
        var tenant = Of(10_000, ofIdentity: 20);
        _ = await Play(tenant, [3], 100, seconds: 5, identity: "alice");
        Assert.InRange(await Play(tenant, [3], 100, seconds: 10, identity: "alice"), 190, 210);
    }

    [Fact]
    public void Fewer_gateways_are_believed_after_a_while_and_more_at_once()
    {
        var shares = new LimitShares(_time) { Gateways = 10 };
        shares.Gateways = 1;
        Assert.Equal(10, shares.Gateways);
        _time.Advance(TimeSpan.FromSeconds(3));
        shares.Gateways = 11;
        shares.Gateways = 2;
        _time.Advance(TimeSpan.FromSeconds(4));
        shares.Gateways = 2;
        Assert.Equal(11, shares.Gateways);
        _time.Advance(TimeSpan.FromSeconds(1));
        shares.Gateways = 2;
        Assert.Equal(2, shares.Gateways);
    }

    [Fact]
    public void Limits_that_nobody_asks_for_any_more_are_forgotten_and_there_are_never_too_many()
    {
        var book = new LimitBook(_time);
        for (var i = 0; i < LimitBook.Capacity + 10; i++)
        {
            book.Share("a", 4, new LimitDemand($"{i}", 100, 1, 0, 0));
        }

        Assert.Equal(LimitBook.Capacity, book.Count);
        Assert.Equal(25, book.Share("b", 4, new LimitDemand("one more", 100, 80, 0, 0)));
        _time.Advance(TimeSpan.FromSeconds(11));
        book.Share("a", 4, new LimitDemand("last", 100, 1, 0, 0));
        Assert.Equal(1, book.Count);
        Assert.Equal(0, book.Share("a", 4, new LimitDemand("odd", double.NaN, 1, 0, 0)));
    }

    [Fact]
    public void Gateways_of_the_version_before_have_shares_by_what_they_want()
    {
        var book = new LimitBook(_time);
        Assert.Equal((25, 40), (Share("a", 10), Share("b", 500, held: 40)));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal((20, 0), (Share("a", 20), Share("none", 0)));
        Assert.Equal(80, Share("b", 500));

        // Nobody loses what they have before they have been told so.
        Assert.Equal(25, Share("a", 500));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(100, Share("c", 100));

        double Share(string gateway, double wanted, double held = 0) =>
            book.Share(gateway, 4, new LimitDemand("bytes", 100, wanted, held, 0));
    }

    private void Start(int gateways)
    {
        _cluster = new LimitCluster(_time, gateways);
        var meter = new TenantMeter(_services.GetRequiredService<IMeterFactory>(), _time);
        _gateways.AddRange(_cluster.Gateways.Select(shares => new TenantLimits(new ClientAddress([]), shares, meter, _time)));
    }

    /// <summary>Requests in a second, evenly over the gateways that are busy; how many were served.</summary>
    private async Task<int> Play(Tenant tenant, IEnumerable<int> busy, int perSecond, int seconds, string identity = "")
    {
        var (served, owed, turn, gateways) = (0, 0.0, 0, busy.ToArray());
        await Run(seconds, async _ =>
        {
            for (owed += perSecond / 100.0; owed >= 1; owed--)
            {
                served += await Demands(gateways[turn++ % gateways.Length], tenant, identity) ? 1 : 0;
            }
        });
        return served;
    }

    /// <summary>
    /// A hundred moments a second; each gateway tells the cluster in a moment of its own, or soon when it has too little.
    /// </summary>
    private async Task Run(int seconds, Func<int, Task> tick)
    {
        for (var i = 0; i < seconds * 100; i++)
        {
            await tick(i);
            await _cluster!.Tick(i);
        }
    }

    private async Task<bool> Demands(int gateway, Tenant tenant, string identity = "") =>
        await _cluster!.Answer(_gateways[gateway].AdmitIdentity(tenant, identity, "alice")) is null;

    private static Tenant Of(int? rate = null, int? ofIdentity = null) => new(
        new TenantSnapshot
        {
            Name = "acme", Hosts = ["*"], Routes = [], AnonymousRules = [], Namespaces = new Dictionary<string, string>(),
            Limits = new LimitSnapshot(rate, null, null, ofIdentity),
        },
        new Dictionary<string, Upstream>());
}
