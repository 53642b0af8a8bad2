using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Listings;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Gateway;

/// <summary>All pages of a listing together have an end in time, from a real server by the way that pulls take.</summary>
public sealed class ListingTimeTests
{
    private static readonly TimeSpan PageTime = TimeSpan.FromSeconds(9);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Pages_that_keep_coming_are_given_up_after_a_minute()
    {
        var pages = 0;
        await using var server = await RecordingUpstream.Start(context =>
        {
            if (!context.Request.Path.Value!.EndsWith("/tags/list", StringComparison.Ordinal))
            {
                return Task.CompletedTask;
            }

            _time.Advance(PageTime);
            context.Response.Headers.Link = $"<?last={++pages}>; rel=\"next\"";
            return context.Response.WriteAsync($$"""{"tags":["v{{pages}}"]}""");
        });
        await using var cluster = await GrainCluster.Start($$"""
            upstreams: { local: { url: "{{server.Url}}", allowPrivate: true } }
            tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: local }] } }
            """);
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var client = ClusterLab.Client(cluster.Client, new Relays(_time), _time);
        var tokens = new UpstreamTokenCache(client, _time);
        var accounts = new UpstreamAccounts(
            client, services.GetRequiredService<IMeterFactory>(), _time, NullLogger<UpstreamAccounts>.Instance);
        var failing = new FailingUpstreams(
            client, services.GetRequiredService<IMeterFactory>(), _time, NullLogger<FailingUpstreams>.Instance);
        using var transports = new UpstreamTransports(tokens, accounts, failing, new Expectations(_time), _time);
        var listing = new UpstreamListing(new UpstreamClient(tokens, transports, _time), _time);
        var upstream = new Upstream(new UpstreamSnapshot { Name = "local", Url = new Uri(server.Url), AllowPrivate = true }, []);
        var began = _time.GetTimestamp();
        var outcome = await listing.Read(
            new ListingQuestion(null, upstream, "repository:a/b:pull", "/v2/a/b/tags/list", "tags"), "", _ => { },
            CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal((502, 7, true), (outcome.Error?.Status, pages, outcome.IsBounded));
        Assert.Contains("takes longer than 60 s", outcome.Error!.Message);
        Assert.InRange(_time.GetElapsedTime(began), UpstreamListing.MaxTime, UpstreamListing.MaxTime + PageTime);
    }
}
