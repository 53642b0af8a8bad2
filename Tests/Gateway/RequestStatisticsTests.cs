using RegistryProxy.Gateway.Operations;

namespace RegistryProxy.Tests.Gateway;

/// <summary>What a gateway counts of its tenants: no tenant costs another one its counts.</summary>
public sealed class RequestStatisticsTests
{
    private readonly RequestStatistics _statistics = new();

    [Fact]
    public void The_top_of_a_quiet_tenant_is_known_beside_many_busy_ones()
    {
        for (var tenant = 0; tenant < 50; tenant++)
        {
            for (var repository = 0; repository < 10; repository++)
            {
                Pull($"busy-{tenant}", $"app-{repository}", 3);
            }
        }

        Pull("quiet", "app", 1);
        Assert.Equal(("app", 1), Assert.Single(_statistics.RepositoriesOf("quiet").Select(pulls => (pulls.Repository, pulls.Pulls))));
        Assert.Empty(_statistics.RepositoriesOf("nobody"));
    }

    [Fact]
    public void Many_names_of_one_tenant_forget_its_rare_ones_and_none_of_another()
    {
        Pull("quiet", "app", 1);
        Pull("loud", "often", 5);
        for (var i = 0; i < 10_000; i++)
        {
            Pull("loud", $"name-{i}", 1);
        }

        Assert.Single(_statistics.RepositoriesOf("quiet"));
        var loud = _statistics.RepositoriesOf("loud");
        Assert.Equal(10, loud.Count);
        Assert.Equal(("often", 5), (loud[0].Repository, loud[0].Pulls));
        Assert.Equal("often", _statistics.Repositories()[0].Repository);
    }

    [Fact]
    public void A_thousand_names_of_a_tenant_are_known_and_one_more_costs_few_of_them()
    {
        for (var i = 0; i < 1000; i++)
        {
            Pull("loud", $"name-{i}", 1);
        }

        Assert.Equal(1000, _statistics.NamesOf("loud").Count);
        Pull("loud", "newest", 1);
        Assert.Equal(901, _statistics.NamesOf("loud").Count);
        Assert.Contains("newest", _statistics.NamesOf("loud"));
    }

    private void Pull(string tenant, string repository, int times)
    {
        for (var i = 0; i < times; i++)
        {
            _statistics.Pulled(tenant, repository);
        }
    }
}
