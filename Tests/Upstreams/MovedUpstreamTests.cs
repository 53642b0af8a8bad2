using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>
/// While the address and the credential of an upstream change at once, gateways and silos know of it at different moments: no server gets
/// what is meant for the other.
/// </summary>
public sealed class MovedUpstreamTests : IAsyncLifetime
{
    private const string Name = "up";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private volatile bool _refuses;
    private RecordingUpstream _former = null!;
    private RecordingUpstream _next = null!;
    private GrainCluster _cluster = null!;
    private UpstreamTransports _transports = null!;
    private UpstreamClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _former = await RecordingUpstream.Start(context => Answer(context, () => _former.Url));
        _next = await RecordingUpstream.Start(context => Answer(context, () => _next.Url));
        _cluster = await GrainCluster.Start(Yaml(_former.Url, "former"), time: _time);
        var cluster = ClusterLab.Client(_cluster.Client, new Relays(_time), _time);
        var meters = _services.GetRequiredService<IMeterFactory>();
        var tokens = new UpstreamTokenCache(cluster, _time);
        var failing = new FailingUpstreams(cluster, meters, _time, NullLogger<FailingUpstreams>.Instance);
        _transports = new UpstreamTransports(
            tokens, new UpstreamAccounts(cluster, meters, _time, NullLogger<UpstreamAccounts>.Instance), failing,
            new Expectations(_time), _time);
        _client = new UpstreamClient(tokens, _transports, failing, _time);
    }

    public async ValueTask DisposeAsync()
    {
        _transports.Dispose();
        await _cluster.DisposeAsync();
        await _services.DisposeAsync();
        await _former.DisposeAsync();
        await _next.DisposeAsync();
    }

    [Fact]
    public async Task A_gateway_that_knows_it_first_and_one_that_knows_it_last_send_nothing_to_the_wrong_place()
    {
        var (former, next) = (UpstreamOf(_former), UpstreamOf(_next));
        Assert.Equal(200, await Pull(former));

        // The gateway knows, the silos do not yet.
        Assert.Equal(503, await Pull(next));
        Assert.Equal(200, await Pull(former));
        Assert.Empty(_next.Requests);

        // The silos know, and a gateway does not: what it has is used to its end.
        Edit();
        Assert.Equal(200, await Pull(former));
        Assert.Equal(503, await Pull(former, "a/other"));
        Assert.Equal(200, await Pull(next));
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(503, await Pull(former));
        Assert.Equal(200, await Pull(next));
        ShouldHaveSeen(_former, "former");
        ShouldHaveSeen(_next, "next");
    }

    [Fact]
    public async Task A_refused_token_is_not_replaced_by_one_of_another_place_nor_asked_for_as_another_place_says()
    {
        var (former, next) = (UpstreamOf(_former), UpstreamOf(_next));
        Assert.Equal(200, await Pull(former));
        Edit();
        _refuses = true;
        Assert.NotEqual(200, await Pull(former));
        _refuses = false;
        Assert.Equal(200, await Pull(next));
        ShouldHaveSeen(_former, "former");
        ShouldHaveSeen(_next, "next");
    }

    [Fact]
    public async Task While_the_silos_do_not_know_yet_no_name_is_charged()
    {
        Assert.Equal(200, await Pull(UpstreamOf(_former)));
        var gate = new RateGate(_time, TimeSpan.FromSeconds(1));
        var payer = new RegistryRequest
        {
            Context = new DefaultHttpContext(), TokenService = null!, Map = null!, Path = null!, Caller = null!, Repository = null!,
            Route = null!, Destination = null!,
            Account = new NameAccount(new MissedNames(null!, _time), CallerAddress.Of(IPAddress.Loopback), gate),
        };
        Assert.Equal(503, await Pull(UpstreamOf(_next), payer: payer));
        Assert.False(gate.CanTake(5, 5));
        payer.Settle(DistributionError.Unavailable(503, "just edited", 1));
        Assert.True(gate.CanTake(5, 5));
    }

    [Fact]
    public void Where_nothing_is_sent_no_place_is_wrong()
    {
        var token = new UpstreamToken
        {
            Generation = 1, RefreshAfter = _time.GetUtcNow(), Expires = _time.GetUtcNow(), Origin = "https://former.example:443",
        };
        var next = HttpOrigin.Of(new Uri("https://next.example"));
        Assert.True(token.IsFor(next));
        Assert.False((token with { Authorization = new Secret("Bearer t") }).IsFor(next));
    }

    private void Edit() => _cluster.Configuration.Replace(
        ConfigurationFile.Parse(Yaml(_next.Url, "next"), _cluster.ConfigurationPath).Snapshot!);

    private static void ShouldHaveSeen(RecordingUpstream server, string password)
    {
        var shown = server.Requests.Select(request => request.Headers.GetValueOrDefault("Authorization")).OfType<string>().Distinct()
            .ToHashSet();
        Assert.Contains(Basic(password), shown);
        Assert.Subset(new HashSet<string> { Basic(password), $"Bearer {Of(server.Url)}" }, shown);
    }

    private static string Basic(string password) => $"Basic {Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"me:{password}"))}";

    private static string Of(string url) => $"t{new Uri(url).Port}";

    private Task Answer(HttpContext context, Func<string> url)
    {
        if (context.Request.Path == "/token")
        {
            return context.Response.WriteAsync($$"""{"token":"{{Of(url())}}","expires_in":300}""");
        }

        if (context.Request.Headers.Authorization != $"Bearer {Of(url())}" || _refuses)
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"{url()}/token\",service=\"here\"";
        }

        return Task.CompletedTask;
    }

    private async Task<int> Pull(Upstream upstream, string repository = "a/b", RegistryRequest? payer = null)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, (Uri?)null);
        var request = new UpstreamRequest
        {
            Target = OriginForm.Of($"/v2/{repository}/manifests/v1"), Scope = $"repository:{repository}:pull",
            NotFound = DistributionError.ManifestUnknown(), Payer = payer,
        };
        var result = await _client.SendWithTimeout(upstream, request, message, TestContext.Current.CancellationToken);
        using (result.Answer)
        {
            return result.Answer is { } answer ? (int)answer.StatusCode : result.Error!.Status;
        }
    }

    private static Upstream UpstreamOf(RecordingUpstream server) =>
        new(new UpstreamSnapshot { Name = Name, Url = new Uri(server.Url), AllowPrivate = true, Account = server.Url }, []);

    private static string Yaml(string url, string password) => $$"""
        upstreams:
          {{Name}}: { url: "{{url}}", allowPrivate: true, credentials: { type: basic, username: me, password: { value: {{password}} } } }
        tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: {{Name}} }] } }
        """;
}
