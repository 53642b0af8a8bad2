using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>Lines of all gateways are gathered once for all who ask; no gateway spoils the answer, by what it sends or its end.</summary>
public sealed class AuditGatheringTests
{
    private const string Yaml = """
        upstreams: { up: { url: "https://registry.example" } }
        tenants: { acme: { hosts: ["a.example"], routes: [{ prefix: "", upstream: up }] } }
        """;

    private static readonly string[] Polling = ["a", "b", "c", "d"];

    private static readonly string Many = $$"""
        upstreams: { up: { url: "https://registry.example" } }
        tenants:
        {{string.Concat(Polling.Append("other").Append("last").Select(
            name => $"  {name}: {{ hosts: [\"{name}.example\"], routes: [{{ prefix: \"\", upstream: up }}] }}\n"))}}
        """;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(IAuditTailGrain.Period + 1);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    /// <summary>References to objects of a client hold them weakly: without this a collection takes those that ought to answer.</summary>
    private readonly List<Gateway> _held = [];

    [Fact]
    public async Task Whoever_asks_the_same_gets_the_same_and_gateways_are_asked_once()
    {
        await using var cluster = await GrainCluster.Start(Yaml, time: _time);
        var gateway = new Gateway("{\"a\":1}");
        await Follow(cluster, gateway);
        _time.Advance(Period);
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Read(cluster)));
        Assert.All(answers, answer => Assert.Equal(1, answer.GetProperty("lines").GetArrayLength()));
        Assert.Equal(1, gateway.Reads);
        _time.Advance(TimeSpan.FromSeconds(3));
        await Eventually.True(
            async () =>
            {
                await Read(cluster);
                return gateway.Reads == 2;
            },
            "the answer is gathered anew");
    }

    [Theory]
    [InlineData("{\"a\":")]
    [InlineData("x")]
    [InlineData("1")]
    [InlineData("{} {}")]
    [InlineData("")]
    public async Task A_gateway_that_sends_what_is_no_line_counts_as_silent(string line)
    {
        await using var cluster = await GrainCluster.Start(Yaml, time: _time);
        var (good, bad) = (new Gateway("{\"a\":1}"), new Gateway(line));
        await Follow(cluster, good, bad);
        _time.Advance(Period);
        var answer = await Read(cluster);
        Assert.Equal((2, 1), (answer.GetProperty("gateways").GetInt32(), answer.GetProperty("silent").GetInt32()));
        Assert.Equal(1, answer.GetProperty("lines").GetArrayLength());
    }

    [Fact]
    public async Task What_was_at_a_gateway_that_ended_is_not_called_whole()
    {
        await using var cluster = await GrainCluster.Start(Yaml, time: _time);
        var (stays, goes) = (new Gateway("{}"), new Gateway("{}"));
        var begun = _time.GetUtcNow();
        await Follow(cluster, stays, goes);
        _time.Advance(Period);
        Assert.InRange(Since(await Read(cluster)), begun, begun + TimeSpan.FromSeconds(1));
        await Follow(cluster, goes);
        var last = _time.GetUtcNow();
        for (var i = 0; i < 4; i++)
        {
            _time.Advance(Period);
            await Follow(cluster, stays);
        }

        var answer = await Read(cluster);
        Assert.Equal((1, 0), (answer.GetProperty("gateways").GetInt32(), answer.GetProperty("silent").GetInt32()));
        Assert.InRange(Since(answer), last, last + Period);
    }

    [Fact]
    public async Task Tenants_that_ask_all_the_time_let_others_have_their_turn()
    {
        await using var cluster = await GrainCluster.Start(Many, time: _time);
        await Follow(cluster, new Gateway("{}"));
        _time.Advance(Period);
        foreach (var tenant in Polling)
        {
            Assert.Equal(200, await Status(cluster, tenant));
        }

        var (other, last) = (Status(cluster, "other"), Status(cluster, "last"));
        await Eventually.True(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(100));
                return other.IsCompleted && last.IsCompleted;
            },
            "their turn has come");
        Assert.Equal((200, 200), (await other, await last));
    }

    [Fact]
    public async Task Whoever_asks_from_another_moment_each_time_has_no_more_gathered_than_others()
    {
        await using var cluster = await GrainCluster.Start(Yaml, time: _time);
        var gateway = new Gateway("{}");
        await Follow(cluster, gateway);
        _time.Advance(Period);
        Assert.Equal(1, (await Read(cluster, "since=1969-01-01")).GetProperty("lines").GetArrayLength());
        for (var year = 1971; year < 1991; year++)
        {
            Assert.Equal(0, (await Read(cluster, $"since={year}-01-01")).GetProperty("lines").GetArrayLength());
        }

        Assert.Equal(1, gateway.Reads);
        var earlier = Read(cluster, "since=1968-01-01");
        var (waited, began) = (TimeSpan.Zero, _time.GetUtcNow());
        await Eventually.True(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(100));
                waited = earlier.IsCompleted ? waited : _time.GetUtcNow() - began;
                return earlier.IsCompleted;
            },
            "the earlier lines are gathered");
        Assert.Equal(1, (await earlier).GetProperty("lines").GetArrayLength());
        Assert.Equal(2, gateway.Reads);
        Assert.True(waited > TimeSpan.FromSeconds(1), $"{waited}");
    }

    [Fact]
    public async Task Whoever_wants_the_newest_that_match_gets_no_more()
    {
        await using var cluster = await GrainCluster.Start(Yaml, time: _time);
        var lines = Enumerable.Range(0, 2000).Select(i =>
            $$"""{"event":"{{(i % 4 == 3 ? "denied" : "pull")}}","subject":"user-{{i}}","userAgent":"{{new string('x', 400)}}"}""");
        await Follow(cluster, new Gateway([.. lines]));
        _time.Advance(Period);
        Assert.Equal(2000, (await Read(cluster)).GetProperty("lines").GetArrayLength());
        var newest = await Read(cluster, "event=denied&limit=100");
        Assert.Equal("user-1999", newest.GetProperty("lines").EnumerateArray().Last().GetProperty("subject").GetString());
        Assert.Equal(100, newest.GetProperty("lines").EnumerateArray().Count(line => line.GetProperty("event").GetString() == "denied"));
        Assert.InRange(newest.GetRawText().Length, 1, 100_000);
        Assert.Equal(1, (await Read(cluster, "subject=USER-17&text=ER-1777")).GetProperty("lines").GetArrayLength());
    }

    private static async Task<int> Status(GrainCluster cluster, string tenant) =>
        (await cluster.Service<TenantReports>().Read(tenant, "audit", "", TestContext.Current.CancellationToken)).Status;

    private async Task Follow(GrainCluster cluster, params Gateway[] gateways)
    {
        _held.AddRange(gateways);
        foreach (var gateway in gateways)
        {
            gateway.Reference ??= cluster.Client.CreateObjectReference<IAuditTailObserver>(gateway);
            await cluster.Client.GetGrain<IAuditTailGrain>(0).Follow(gateway.Reference);
        }
    }

    [Theory]
    [InlineData("{}", 4, false)]
    [InlineData("x", 2, true)]
    public async Task Pulls_of_a_tenant_are_added_up_and_who_does_not_answer_is_told(string line, long pulls, bool isPartial)
    {
        await using var cluster = await GrainCluster.Start(Yaml, time: _time);
        await Follow(cluster, new Gateway("{}"), new Gateway(line));
        _time.Advance(Period);
        var detail = await cluster.Service<IGrainFactory>().GetGrain<IOperationsGrain>(0).Tenant("acme");
        Assert.Equal(("app", pulls), Assert.Single(detail.Repositories.Select(one => (one.Repository, one.Pulls))));
        Assert.Equal(isPartial, detail.IsPartial);
    }

    [Fact]
    public async Task However_many_look_at_a_tenant_its_gateways_are_asked_for_pulls_once_in_ten_seconds()
    {
        await using var cluster = await GrainCluster.Start(Yaml, time: _time);
        var gateway = new Gateway("{}");
        await Follow(cluster, gateway);
        _time.Advance(Period);
        var operations = cluster.Service<IGrainFactory>().GetGrain<IOperationsGrain>(0);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => operations.Tenant("acme").AsTask()));
        _time.Advance(TimeSpan.FromSeconds(9));
        await operations.Tenant("acme");
        Assert.Equal(1, gateway.Looks);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, Assert.Single((await operations.Tenant("acme")).Repositories).Pulls);
        Assert.Equal(2, gateway.Looks);
        await operations.Tenant("other");
        Assert.Equal(3, gateway.Looks);
    }

    private static async Task<JsonElement> Read(GrainCluster cluster, string query = "")
    {
        var reply = await cluster.Service<TenantReports>().Read("acme", "audit", query, TestContext.Current.CancellationToken);
        Assert.True(reply.Status == 200, reply.Message);
        return JsonDocument.Parse(reply.Body!.Reveal()).RootElement;
    }

    private static DateTimeOffset Since(JsonElement answer) => answer.GetProperty("completeSince").GetDateTimeOffset();

    private sealed class Gateway(params string[] lines) : IAuditTailObserver
    {
        private int _reads;
        private int _looks;

        public int Reads => _reads;

        public int Looks => _looks;

        public IAuditTailObserver? Reference { get; set; }

        public Task<AuditTailPart> Read(string tenant, DateTimeOffset since, int maxBytes)
        {
            Interlocked.Increment(ref _reads);
            return Task.FromResult(
                new AuditTailPart(since, [.. lines.Select((line, i) => new AuditLineOfTenant(
                    DateTimeOffset.UnixEpoch + TimeSpan.FromMilliseconds(i), Encoding.UTF8.GetBytes(line)))]));
        }

        public Task<PulledNames> Names(string tenant, int maxBytes) => Task.FromResult(new PulledNames([], false));

        public Task<IReadOnlyList<RepositoryPulls>> Repositories(string tenant)
        {
            Interlocked.Increment(ref _looks);
            return lines is ["x"] ? throw new InvalidOperationException()
                : Task.FromResult<IReadOnlyList<RepositoryPulls>>([new(tenant, "app", 2)]);
        }
    }
}
