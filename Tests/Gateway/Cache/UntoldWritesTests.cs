using System.Collections.Concurrent;
using RegistryProxy.Gateway.Cache.Invalidation;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>The end of a write that the cluster did not hear is told later, and holds up nothing else.</summary>
public sealed class UntoldWritesTests : IAsyncLifetime
{
    private const string Hub = "https://hub.example";

    private static readonly RepositoryName[] Names =
        [.. Enumerable.Range(0, 200).Select(number => RepositoryName.Parse($"team/app-{number}"))];

    private readonly CacheGateway _gateway = new();
    private readonly ConcurrentQueue<CacheChange> _told = new();
    private readonly UntoldWrites _untold;

    public UntoldWritesTests() => _untold = _gateway.Get<UntoldWrites>();

    public async ValueTask InitializeAsync() => await _untold.StartAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _untold.StopAsync(CancellationToken.None);
        _gateway.Dispose();
    }

    [Fact]
    public async Task A_shard_that_does_not_answer_holds_up_none_of_another()
    {
        var (silent, other) = (WriteOf(0), WriteOf(1));
        _gateway.Grains.Tell = (shard, change) => shard == 0 ? Task.Delay(Timeout.Infinite) : Tell(change);
        _untold.Add(silent);
        _untold.Add(other);
        await Eventually.True(() => _told.Any(change => change.Write == other.Write), "the other is told");
        Assert.Single(_told);
    }

    [Fact]
    public async Task It_is_told_until_it_is_heard_in_its_order_and_not_for_ever()
    {
        var isAway = true;
        var tries = 0;
        _gateway.Grains.Tell = (_, change) =>
        {
            Interlocked.Increment(ref tries);
            return Volatile.Read(ref isAway) ? throw new IOException() : Tell(change);
        };
        var (first, second) = (WriteOf(0), WriteOf(0, WriteStep.Refused));
        _untold.Add(first);
        _untold.Add(second);
        await Eventually.True(() => Passes(() => Volatile.Read(ref tries) >= 3), "it is tried");
        Volatile.Write(ref isAway, false);
        await Eventually.True(() => Passes(() => _told.Count == 2), "both are told");
        Assert.Equal([first.Write, second.Write], _told.Select(change => change.Write));
        Assert.Equal([true, true], _told.Select(change => change.IsFinished));
        Assert.Equal([false, true], _told.Select(change => change.IsRefused));

        Volatile.Write(ref isAway, true);
        var (late, fresh, before) = (WriteOf(0), WriteOf(0), Volatile.Read(ref tries));
        _untold.Add(late);
        await Eventually.True(() => Volatile.Read(ref tries) > before, "it is tried");
        _gateway.Time.Advance(UntoldWrites.MaxAge);
        Volatile.Write(ref isAway, false);
        _untold.Add(fresh);
        await Eventually.True(() => Passes(() => _told.Any(change => change.Write == fresh.Write)), "the next one is told");
        Assert.DoesNotContain(_told, change => change.Write == late.Write);
    }

    [Fact]
    public async Task Those_of_one_shard_are_bounded()
    {
        _gateway.Grains.Tell = (_, _) => throw new IOException();
        for (var i = 0; i < UntoldWrites.MaxOfShard * 2; i++)
        {
            _untold.Add(WriteOf(0));
        }

        _gateway.Grains.Tell = (_, change) => Tell(change);
        await Eventually.True(() => Passes(() => _told.Count >= UntoldWrites.MaxOfShard), "they are told");
        _untold.Add(WriteOf(0));
        await Eventually.True(() => Passes(() => _told.Count > UntoldWrites.MaxOfShard), "so is the next");
        Assert.InRange(_told.Count, UntoldWrites.MaxOfShard + 1, UntoldWrites.MaxOfShard + 2);
    }

    private Task Tell(CacheChange change)
    {
        _told.Enqueue(change);
        return Task.CompletedTask;
    }

    private bool Passes(Func<bool> condition)
    {
        _gateway.Time.Advance(TimeSpan.FromSeconds(1));
        return condition();
    }

    private static UntoldWrite WriteOf(int shard, WriteStep step = WriteStep.Done)
    {
        var name = Names.First(name => WriteGroup.Of(Hub, name.Value).Shard == shard);
        var reference = ManifestReference.Of(Tag.TryParse("v1", out var tag) ? tag : throw new FormatException());
        return new(new WriteTarget(Hub, name, reference), Guid.NewGuid(), step);
    }
}
