using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Cache;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;
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

    [Fact]
    public void A_gateway_that_does_not_answer_again_and_again_is_left_alone_for_longer_and_longer()
    {
        var (slow, gateway) = (new SlowGateways(_time), new Gateway());
        List<double> pauses = [];
        for (var i = 0; i < 6; i++)
        {
            slow.Note(gateway);
            var began = _time.GetTimestamp();
            while (slow.Contains(gateway))
            {
                _time.Advance(TimeSpan.FromSeconds(1));
            }

            pauses.Add(_time.GetElapsedTime(began).TotalSeconds);
        }

        Assert.Equal([0, 10, 20, 40, 60, 60], pauses);
        Assert.False(slow.Contains(new Gateway()));
        _time.Advance(TimeSpan.FromMinutes(10));
        slow.Note(new Gateway());
        Assert.Equal(1, slow.Count);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task The_next_write_waits_for_who_did_not_hear_of_the_one_before(bool isDeaf, bool throws)
    {
        await using var cluster = await GrainCluster.Start(DoorConfiguration.Single("http://127.0.0.1:1"), time: _time,
            prepare: folder => folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n"));
        var grain = cluster.Client.GetGrain<ICacheGrain>(0);
        var deaf = new Gateway { IsDeaf = isDeaf, Throws = throws };
        var reference = cluster.Client.CreateObjectReference<ICacheObserver>(deaf);
        await grain.Follow(reference, ReportOf("deaf"));
        _time.Advance(CacheReport.Trust);
        await grain.Follow(reference, ReportOf("deaf"));
        var followed = _time.GetTimestamp();
        var first = grain.Changed(Change).AsTask();
        await Eventually.True(() => deaf.Heard.Count == 1, "it is told of the first write");
        for (var i = 0; i < 15; i++)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
            _time.Advance(TimeSpan.FromMilliseconds(200));
        }

        Assert.False(first.IsCompleted);
        await Renewing(grain.Changed(Change).AsTask(), () => new(Guid.Empty));
        Assert.Single(deaf.Heard);
        Assert.True(_time.GetElapsedTime(followed) >= CacheReport.Trust, $"{_time.GetElapsedTime(followed)}");
        await first;
        GC.KeepAlive(deaf);
    }

    [Fact]
    public async Task A_slow_gateway_holds_up_few_pushes_and_is_told_of_writes_again_when_it_answers()
    {
        await using var cluster = await GrainCluster.Start(DoorConfiguration.Single("http://127.0.0.1:1"), time: _time,
            prepare: folder => folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n"));
        var grain = cluster.Client.GetGrain<ICacheGrain>(0);
        var slow = new Gateway { IsDeaf = true };
        var reference = cluster.Client.CreateObjectReference<ICacheObserver>(slow);
        _time.Advance(CacheReport.Trust);
        var heldUp = 0;
        for (var push = 0; push < 100; push++)
        {
            var began = _time.GetTimestamp();
            await Renewing(grain.Changed(Change).AsTask(), () => Follow(grain, reference));
            heldUp += _time.GetElapsedTime(began) > TimeSpan.FromSeconds(1) ? 1 : 0;
            await Follow(grain, reference);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{heldUp} of 100 pushes waited for a gateway that never answers");
        Assert.InRange(heldUp, 1, 10);
        slow.Hear();
        _time.Advance(SlowGateways.LongestPause);
        await grain.Follow(reference, ReportOf("slow"));
        await grain.Changed(Change with { Reference = "v2" });
        Assert.Equal("v2", slow.Heard.Last().Reference);
        GC.KeepAlive(slow);
    }

    private static async ValueTask<Guid> Follow(ICacheGrain grain, ICacheObserver gateway)
    {
        try
        {
            return await grain.Follow(gateway, ReportOf("slow"));
        }
        catch (InvalidOperationException)
        {
            return Guid.Empty;
        }
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
        private readonly TaskCompletionSource _hears = new();

        public bool IsDeaf { get; set; }

        public bool Throws { get; init; }

        public ConcurrentQueue<CacheChange> Heard { get; } = new();

        /// <summary>What it was told comes through, one after the other.</summary>
        public void Hear()
        {
            IsDeaf = false;
            _hears.SetResult();
        }

        public Task Changed(CacheChange change)
        {
            Heard.Enqueue(change);
            return Throws ? throw new InvalidDataException("a fault of this gateway")
                : IsDeaf ? _hears.Task : Task.CompletedTask;
        }
    }
}
