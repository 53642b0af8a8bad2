using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.SiloCalls;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>What silos do for operators no gateway can have done, also one in the process of a silo.</summary>
public sealed class SilosAloneTests
{
    private const string Yaml = """
        upstreams: { up: { url: "https://up.example" } }
        tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }] } }
        """;

    private const string Instance = "acme/legacy/i-0123456789abcdef0";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public void The_calls_of_operators_want_a_pass() => Assert.Equal(
        [
            "IAttestationResetGrain.Reset WantsPass", "IAuditTailGrain.FollowSilo", "IManagedSyncGrain.Sync", "IOperationsGrain.Activity",
            "IOperationsGrain.Describe", "IOperationsGrain.History", "IOperationsGrain.Tenant", "IPartSyncGrain.Sync",
            "IRevisionAcceptGrain.Accept WantsPass", "IRevisionSyncGrain.Agree", "ISnapshotGrain.Changed", "ISnapshotGrain.Refresh",
            "ITenantSessionsGrain.Find WantsPass", "ITenantSessionsGrain.List WantsPass", "ITenantSessionsGrain.RevokeSession WantsPass",
            "ITenantSessionsGrain.RevokeSubject WantsPass", "IWriteShardGrain.ChangedByFormer", "IWriteShardGrain.TellFormer",
        ],
        SilosAloneFilter.MethodsOf(typeof(ISnapshotGrain).Assembly, typeof(SilosAloneFilter).Assembly)
            .Select(known => $"{known.Key.DeclaringType!.Name}.{known.Key.Name}{(known.Value.WantsPass ? " WantsPass" : "")}")
            .Order(StringComparer.Ordinal));

    [Fact]
    public async Task A_gateway_is_refused_and_a_silo_is_not()
    {
        await using var cluster = await GrainCluster.Start(Yaml, silos: 2, time: _time);
        var (gateway, hosted) = (cluster.Client, cluster.Service<IGrainFactory>());
        foreach (var client in new[] { gateway, hosted })
        {
            var sessions = client.GetGrain<ITenantSessionsGrain>("acme");
            await Refused(async () => await sessions.List(1));
            await Refused(async () => await sessions.Find("a", 0, 1));
            await Refused(async () => await sessions.RevokeSession("s"));
            await Refused(async () => await sessions.RevokeSubject("alice"));
            await Refused(async () => await client.GetGrain<IAttestationResetGrain>(Instance).Reset());
        }

        await Refused(async () => await gateway.GetGrain<ISnapshotGrain>(0).Refresh());
        await Refused(async () => await gateway.GetGrain<ISnapshotGrain>(0).Changed([]));
        await hosted.GetGrain<ISnapshotGrain>(0).Refresh();
        await hosted.GetGrain<ISnapshotGrain>(0).Changed([]);

        var calls = cluster.Service<OperatorCalls>();
        for (var tenant = 0; tenant < 10; tenant++)
        {
            Assert.Empty((await calls.Call<ITenantSessionsGrain, SessionList>($"t{tenant}", sessions => sessions.List(1))).Sessions);
        }

        Assert.False(await calls.Call<IAttestationResetGrain, bool>(Instance, grain => grain.Reset()));
        Assert.Null(RequestContext.Get(SiloPass.Entry));
    }

    [Fact]
    public async Task A_pass_is_for_one_grain_and_a_few_minutes()
    {
        await using var cluster = await GrainCluster.Start(Yaml, time: _time);
        var (pass, process) = (cluster.Service<SiloPass>(), cluster.Service<ProcessPass>());
        var grain = cluster.Service<IGrainFactory>().GetGrain<ISiloPassGrain>(0);
        var (one, other) = (GrainId.Create("tenantsessions", "acme"), GrainId.Create("tenantsessions", "other"));
        var text = await grain.Write(process.Text, one.ToString());
        Assert.True(await pass.IsGood(text, one));
        Assert.False(await pass.IsGood(text, other));
        Assert.False(await pass.IsGood(null, one));
        Assert.False(await pass.IsGood("9999999999." + text!.Split('.')[1], one));
        Assert.False(await pass.IsGood(text + "A", one));
        await Refused(async () => await grain.Write("", one.ToString()));
        await Refused(async () => await cluster.Client.GetGrain<ISiloPassGrain>(0).Write(new ProcessPass().Text, one.ToString()));
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.False(await pass.IsGood(text, one));
    }

    private static async Task Refused(Func<Task> call) => await Assert.ThrowsAsync<UnauthorizedAccessException>(call);
}
