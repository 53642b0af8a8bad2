using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Clustering;

/// <summary>A silo that has no processor left refuses what gateways ask; another one is asked.</summary>
public sealed class SheddingTests
{
    [Fact]
    public async Task What_a_busy_silo_refuses_another_one_answers()
    {
        var refused = 0;
        await using var cluster = await Start(way => way % 3 != 0 && Interlocked.Increment(ref refused) > 0);
        for (var i = 0; i < 50; i++)
        {
            Assert.True(await Request(cluster, CallPolicy.Decision, TimeProvider.System));
        }

        Assert.True(refused > 0, "nobody refused");
    }

    [Fact]
    public async Task When_all_are_busy_nobody_waits_longer_than_the_question_is_worth()
    {
        await using var cluster = await Start(_ => true);
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var began = time.GetTimestamp();
        var refused = await Assert.ThrowsAsync<ClusterUnavailableException>(
            () => time.Passing(Request(cluster, CallPolicy.Snapshot, time), TimeSpan.FromMilliseconds(10)));
        Assert.IsType<GatewayTooBusyException>(refused.InnerException);
        Assert.True(time.GetElapsedTime(began) < 2 * CallPolicy.Snapshot.Total, $"{time.GetElapsedTime(began)}");
    }

    private static Task<bool> Request(GrainCluster cluster, CallPolicy policy, TimeProvider time) =>
        ClusterLab.Client(cluster.Client, new Relays(time), time).Call(
            async (relay, stop) =>
            {
                await relay.Ping(stop);
                return true;
            },
            policy, CancellationToken.None);

    /// <summary>A cluster of whose ways some lead to a busy silo; what that says comes from here.</summary>
    private static Task<GrainCluster> Start(Func<long, bool> isBusy) => GrainCluster.Start(
        DoorConfiguration.Single("http://127.0.0.1:9"),
        prepare: folder => folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n"),
        client: client => client.AddOutgoingGrainCallFilter(call =>
            call.TargetId.TryGetIntegerKey(out var way, out _) && call.InterfaceMethod.DeclaringType == typeof(IRelayGrain) && isBusy(way)
            ? throw new GatewayTooBusyException("busy")
            : call.Invoke()));
}
