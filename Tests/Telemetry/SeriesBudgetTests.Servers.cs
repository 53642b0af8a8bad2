using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.ServiceDefaults.Telemetry;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Telemetry;

/// <summary>Upstreams and authenticators.</summary>
public sealed partial class SeriesBudgetTests
{
    [Fact]
    public void Of_a_hundred_upstreams_and_authenticators_that_fail_in_every_way_each_is_seen_within_the_budget()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        var time = new FakeTimeProvider();
        string[] names = ["registryproxy.gateway.upstream_failing", "registryproxy.gateway.upstream_failures",
            "registryproxy.authenticator.failing", "registryproxy.authenticator.failures", "registryproxy.grains.upstream_failing",
            "registryproxy.grains.upstream_failures"];
        var readings = names.ToDictionary(name => name, name => new MeterReadings(meters, name));
        using var failing = new FailingUpstreams((_, _) => { }, meters, time, NullLogger<FailingUpstreams>.Instance);
        var outages = new ServiceOutages(meters, time, NullLogger<ServiceOutages>.Instance);
        var opened = new UpstreamFailureMeter(meters, time);
        foreach (var name in Enumerable.Range(0, 100).Select(i => $"up{i}").Concat(Enumerable.Range(0, 30).Select(i => $"t{i}/up")))
        {
            foreach (var fault in Kinds.Select(kind => new ExchangeFault(kind, kind)))
            {
                failing.Failed(name, "https://up.example", fault);
                failing.StorageFailed(name, "https://bucket.example", fault);
                outages.Of(name).Failed(fault);
                opened.Count(name, new UpstreamFailure(UpstreamFailureKind.Unreachable, "x", 0) { Cause = fault.Kind });
            }

            failing.Limited(name, "https://up.example", TimeSpan.FromHours(1), isAnswer: true);
            foreach (var kind in Enum.GetValues<UpstreamFailureKind>())
            {
                opened.Fails(name, new UpstreamFailure(kind, "x", 0));
            }
        }

        foreach (var (name, reading) in readings)
        {
            var sets = (name.EndsWith("failing", StringComparison.Ordinal) ? reading.Shown() : reading.Counted)
                .Select(one => string.Join(',', one.Labels.OrderBy(label => label.Key).Select(label => $"{label.Key}={label.Value}"))).ToHashSet();
            Assert.True(sets.Count <= SeriesBudget.SeriesOf(name) - 2, $"{name}: {sets.Count}");
            Assert.Contains(sets, labels => labels.Contains($"={ServerLabels.Others}"));
            reading.Dispose();
        }
    }

    private static readonly string[] Kinds =
        ["name", "connect", "tls", "timeout", "closed", "http", "address", "proxy", "status", "content", "refused", "throttled",
            "configuration", "redirect", "answer"];
}
