using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Telemetry;

/// <summary>Upstreams and authenticators of tenants take no series from those of the operator, and none of them fails unseen.</summary>
public sealed class ServerLabelsTests
{
    [Fact]
    public void Tenants_have_few_labels_the_operator_many_and_nobody_none()
    {
        var labels = new ServerLabels();
        Assert.Equal(
            ["a/1", "a/2", "a/3", ServerLabels.OthersOfTenants], Enumerable.Range(1, 9).Select(i => labels.Of($"a/{i}")).Distinct());
        var others = Enumerable.Range(0, 99).Select(tenant => labels.Of($"t{tenant}/up")).Distinct().ToList();
        Assert.Equal(ServerLabels.MaxOfTenants - 3 + 1, others.Count);
        Assert.Equal("a/2", labels.Of("a/2"));
        Assert.All(
            Enumerable.Range(0, 99), i => Assert.Equal(i < ServerLabels.MaxOfOperator ? $"hub{i}" : ServerLabels.Others, labels.Of($"hub{i}")));
        Assert.Equal("hub7", labels.Of("hub7"));
    }

    [Fact]
    public void What_shares_a_label_shows_the_longest_outage()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        var time = new FakeTimeProvider();
        using var upstreams = new MeterReadings(meters, "registryproxy.gateway.upstream_failing");
        using var servers = new MeterReadings(meters, "registryproxy.authenticator.failing");
        using var failing = new FailingUpstreams((_, _) => { }, meters, time, NullLogger<FailingUpstreams>.Instance);
        var outages = new ServiceOutages(meters, time, NullLogger<ServiceOutages>.Instance);
        for (var i = 0; i < 6; i++)
        {
            failing.Failed($"a/{i}", "https://up.example", new ExchangeFault("connect", "connection refused"));
            outages.Of($"a/{i}").Failed(new TimeoutException());
            time.Advance(TimeSpan.FromSeconds(10));
        }

        foreach (var (readings, label) in new[] { (upstreams, "upstream"), (servers, "authenticator") })
        {
            Assert.Equal(
                [("(tenants)", 30.0), ("a/0", 60.0), ("a/1", 50.0), ("a/2", 40.0)],
                readings.Shown().Select(one => ((string)one.Labels[label]!, Math.Round(one.Value))).Order());
        }
    }
}
