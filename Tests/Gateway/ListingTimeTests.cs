using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Listings;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Gateway;

/// <summary>The pages that are read for one request have an end in time, from a real server by the way that pulls take.</summary>
public sealed class ListingTimeTests
{
    private static readonly TimeSpan PageTime = TimeSpan.FromSeconds(9);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Of_pages_that_keep_coming_no_more_are_begun_after_a_while_and_the_next_one_is_told()
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
        var listing = new UpstreamListing(new UpstreamClient(tokens, transports, failing, _time), _time);
        var upstream = new Upstream(new UpstreamSnapshot { Name = "local", Url = new Uri(server.Url), AllowPrivate = true }, []);
        var route = new TenantRoute(
            new RouteSnapshot { Prefix = "", Upstreams = [new RouteUpstreamSnapshot("local", true)] },
            new Dictionary<string, Upstream> { ["local"] = upstream });
        var question = new ListingQuestion(null, route, upstream, "repository:a/b:pull", "/v2/a/b/tags/list", "tags");
        var outcome = await Read();
        Assert.Equal((null, 4, "/v2/a/b/tags/list?last=4"), (outcome.Error, pages, outcome.Next?.Text));
        var part = new ListingPart("", "", outcome.Next!.Value, 0);
        question = question with { Part = part };
        Assert.Equal(("/v2/a/b/tags/list?last=8", 8), ((await Read()).Next?.Text, pages));
        question = question with { Part = part with { Pages = 6 } };
        Assert.Equal(("/v2/a/b/tags/list?last=14", 14), ((await Read()).Next?.Text, pages));
        question = question with { Part = part with { Pages = 8 } };
        Assert.Equal((502, 21), ((await Read()).Error?.Status, pages));

        Task<ListingOutcome> Read() =>
            listing.Read(question, _ => { }, () => false, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
    }
}
