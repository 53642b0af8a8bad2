using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>An edit that the snapshot grain is not told of at once is told again as that edit: no gateway drops all for it.</summary>
public sealed class SnapshotPublisherTests : ISnapshotObserver
{
    private readonly ConcurrentQueue<SnapshotUpdate> _updates = new();

    [Theory]
    [InlineData(typeof(TimeoutException), false)]
    [InlineData(typeof(SiloUnavailableException), false)]
    [InlineData(typeof(ArgumentException), true)]
    public async Task A_fault_that_may_pass_is_waited_for_and_a_silo_that_does_not_know_the_call_has_all_dropped(Type fault, bool drops)
    {
        var faults = new Faults(() => (Exception)Activator.CreateInstance(fault, "fault")!);
        await using var cluster = await GrainCluster.Start(
            Yaml("pull"), silo: silo => silo.Services.AddSingleton<IIncomingGrainCallFilter>(faults));
        var follower = cluster.Client.CreateObjectReference<ISnapshotObserver>(this);
        await cluster.Client.GetGrain<ISnapshotGrain>(0).Follow(
            follower, SnapshotPosition.Nothing with { Format = SnapshotPosition.Parts });
        faults.Left = drops ? 1 : 2;
        cluster.Configuration.Replace(ConfigurationFile.Parse(Yaml("push"), "/config.yaml").Snapshot!);
        await Eventually.True(() => _updates.Any(update => update.Change is not null), "the edit is here");
        Assert.Equal(0, faults.Left);
        Assert.Equal(drops, _updates.Any(update => update.DropAllDecisions));
        GC.KeepAlive(this);
    }

    Task ISnapshotObserver.Changed(SnapshotUpdate update)
    {
        _updates.Enqueue(update);
        return Task.CompletedTask;
    }

    private static string Yaml(string action) => $$"""
        upstreams: { up: { url: "https://registry.example" } }
        tenants:
          acme:
            hosts: ["*"]
            routes: [{ prefix: "", upstream: up }]
            access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [{{action}}] }]
        """;

    private sealed class Faults(Func<Exception> fault) : IIncomingGrainCallFilter
    {
        private int _left;

        /// <summary>How many edits are not told yet.</summary>
        public int Left
        {
            get => Volatile.Read(ref _left);
            set => Volatile.Write(ref _left, value);
        }

        public Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.InterfaceMethod is { Name: nameof(ISnapshotGrain.Changed) } method && method.DeclaringType == typeof(ISnapshotGrain)
                && Left > 0)
            {
                Interlocked.Decrement(ref _left);
                throw fault();
            }

            return context.Invoke();
        }
    }
}
