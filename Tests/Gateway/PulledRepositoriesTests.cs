using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Listings;
using RegistryProxy.Gateway.Operations;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Gateway;

/// <summary>A gateway shows what the cluster gathered beside its own; without an answer its own, and says that it may lack some.</summary>
public sealed class PulledRepositoriesTests
{
    private readonly RequestStatistics _statistics = new();
    private readonly FakeTimeProvider _time = new();
    private int _asked;

    [Fact]
    public async Task What_other_gateways_know_is_added_to_its_own()
    {
        _statistics.Pulled("acme", "own");
        var names = await Of(With(_ => new PulledNames(["other"], false)), "acme");
        Assert.Equal(["other", "own"], names.Names.Order());
        Assert.False(names.IsPartial);
    }

    [Fact]
    public async Task Without_an_answer_it_has_its_own_and_says_that_it_may_lack_some()
    {
        _statistics.Pulled("acme", "own");
        foreach (var silent in new[] { With(_ => null), With(_ => throw new ClusterUnavailableException(new TimeoutException())) })
        {
            var names = await Of(silent, "acme");
            Assert.Equal("own", Assert.Single(names.Names));
            Assert.True(names.IsPartial);
        }
    }

    [Fact]
    public async Task The_cluster_is_asked_once_in_ten_seconds_and_anew_for_a_name_that_is_somebody_elses()
    {
        var pulled = With(_ => new PulledNames([], false));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Of(pulled, "acme")));
        _time.Advance(TimeSpan.FromSeconds(9));
        await Of(pulled, "acme");
        Assert.Equal(1, _asked);
        pulled.Forget("acme");
        await Of(pulled, "acme");
        Assert.Equal(2, _asked);
        await Eventually.True(
            async () =>
            {
                _time.Advance(TimeSpan.FromSeconds(10));
                await Of(pulled, "acme");
                return _asked > 2;
            },
            "it is asked anew");
    }

    [Fact]
    public async Task Names_of_few_tenants_are_kept_at_once()
    {
        var pulled = With(_ => new PulledNames([], false));
        for (var tenant = 0; tenant < PulledRepositories.MaxTenants; tenant++)
        {
            Assert.False((await Of(pulled, $"tenant-{tenant}")).IsPartial);
        }

        Assert.True((await Of(pulled, "one-more")).IsPartial);
        Assert.Equal(PulledRepositories.MaxTenants, _asked);
    }

    [Fact]
    public void The_most_pulled_names_are_sent_where_there_is_no_room_for_all()
    {
        for (var i = 0; i < 10; i++)
        {
            _statistics.Pulled("acme", $"name-{i}");
        }

        _statistics.Pulled("acme", "name-7");
        var (some, all) = (_statistics.NamesOf("acme", 11), _statistics.NamesOf("acme", 60));
        Assert.Equal(("name-7", true), (Assert.Single(some.Names), some.IsPartial));
        Assert.Equal((10, false), (all.Names.Count, all.IsPartial));
        Assert.Empty(_statistics.NamesOf("nobody", 60).Names);
    }

    private static Task<PulledNames> Of(PulledRepositories pulled, string tenant) =>
        pulled.Of(tenant, TestContext.Current.CancellationToken);

    private PulledRepositories With(Func<string, PulledNames?> answer) => new(
        _statistics,
        tenant =>
        {
            Interlocked.Increment(ref _asked);
            return Task.FromResult(answer(tenant));
        },
        _time);
}
