using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>Nobody who could still believe what was before a write is left when the write is answered.</summary>
public sealed class CacheGrainTests
{
    private static readonly CacheChange Change = new("https://registry.example", "team/app", "v1", true);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task A_write_waits_for_who_hears_of_it_and_for_who_cannot_until_they_believe_nothing()
    {
        await using var cluster = await GrainCluster.Start(
            DoorConfiguration.Single("http://127.0.0.1:1"), time: _time,
            prepare: folder => folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n"));
        var grain = cluster.Client.GetGrain<ICacheGrain>(0);
        var (hearing, deaf) = (new Gateway(), new Gateway { IsDeaf = true });
        var (hearingReference, deafReference) = (cluster.Client.CreateObjectReference<ICacheObserver>(hearing),
            cluster.Client.CreateObjectReference<ICacheObserver>(deaf));
        var subscription = await grain.Follow(hearingReference, ReportOf("a"));
        Assert.Equal(subscription, await grain.Follow(hearingReference, ReportOf("a")));

        // The first write waits for those that an earlier activation may have told; what follows does not.
        await Renewing(grain.Changed(Change).AsTask(), () => grain.Follow(hearingReference, ReportOf("a")));
        Assert.Equal(subscription, await grain.Follow(hearingReference, ReportOf("a")));
        await grain.Changed(Change);
        Assert.Equal(2, hearing.Heard.Count);

        var before = await grain.Follow(deafReference, ReportOf("b"));
        var began = _time.GetTimestamp();
        await Renewing(grain.Changed(Change).AsTask(), () => grain.Follow(hearingReference, ReportOf("a")));
        Assert.True(_time.GetElapsedTime(began) >= CacheReport.Trust, $"{_time.GetElapsedTime(began)}");
        Assert.Equal(subscription, await grain.Follow(hearingReference, ReportOf("a")));
        Assert.NotEqual(before, await grain.Follow(deafReference, ReportOf("b")));

        // Who leaves is not waited for: no time passes here.
        await grain.Leave(deafReference, "b");
        await grain.Changed(Change);
        Assert.DoesNotContain(await grain.Describe(), report => report.Gateway == "b");
        GC.KeepAlive(hearing);
        GC.KeepAlive(deaf);
    }

    private async Task Renewing(Task write, Func<ValueTask<Guid>> follow)
    {
        while (!write.IsCompleted)
        {
            await follow();
            await Task.WhenAny(write, Task.Delay(20));
            _time.Advance(TimeSpan.FromMilliseconds(200));
        }

        await write;
    }

    private static CacheReport ReportOf(string gateway) => new() { Gateway = gateway, State = "ok" };

    private sealed class Gateway : ICacheObserver
    {
        public bool IsDeaf { get; init; }

        public ConcurrentQueue<CacheChange> Heard { get; } = new();

        public Task Changed(CacheChange change)
        {
            Heard.Enqueue(change);
            return IsDeaf ? Task.Delay(Timeout.Infinite) : Task.CompletedTask;
        }
    }
}
