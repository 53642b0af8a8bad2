using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans.Storage;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Grains;

/// <summary>A storage that fails has a line for each call, and one that says that it works again.</summary>
public sealed class StateOutageTests
{
    [Fact]
    public async Task The_end_of_an_outage_is_told_once_no_call_failed_for_ten_seconds()
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var (time, log, storage) = (new FakeTimeProvider(), new LogLines<StateStore>(), new Storage());
        var store = new StateStore(storage, time, services.GetRequiredService<IMeterFactory>(), log);
        await Read(store);
        Assert.Empty(log.Lines);
        storage.IsDown = true;
        for (var call = 0; call < 3; call++)
        {
            await Assert.ThrowsAsync<StateUnavailableException>(() => Read(store));
            time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal((6.0, 3L, "IOException: down"), (store.Outage!.Lasts.TotalSeconds, store.Outage.Failures, store.Outage.Fault));
        storage.IsDown = false;
        await Read(store);
        Assert.Equal(3, log.Lines.Count);
        time.Advance(TimeSpan.FromSeconds(10));
        await Read(store);
        await Read(store);
        Assert.Null(store.Outage);
        Assert.Equal("The storage of the state works again: 3 calls to it failed within 16 s", Assert.Single(log.Lines.Skip(3)));
    }

    private static async Task Read(StateStore store) => await store.Open<KeyRing>("keys", GrainId.Create("grain", "0")).Get();

    private sealed class Storage : IGrainStorage
    {
        public bool IsDown { get; set; }

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Do();

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Do();

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Do();

        private Task Do() => IsDown ? Task.FromException(new IOException("down")) : Task.CompletedTask;
    }
}
