using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Gateway.Limits;

/// <summary>
/// Transfers have the rate of their tenant within 5 % over ten seconds, at whichever gateways they are, one after the other or together.
/// </summary>
public sealed class BytePaceTests
{
    private const int MiB = 1024 * 1024;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private LimitCluster _cluster = null!;
    private BytePace[] _paces = [];
    private long _sent;
    private int _turn;

    [Theory]
    [InlineData(1, 50, 10, 1)]
    [InlineData(10, 50, 10, 1)]
    [InlineData(100, 50, 10, 1)]
    [InlineData(100, 50, 50, 1)]
    [InlineData(10, 5, 1, 1)]
    [InlineData(100, 5, 1, 1)]
    [InlineData(100, 50, 10, 3)]
    [InlineData(10, 5, 2, 20)]
    public async Task Transfers_that_come_to_one_gateway_after_the_other_have_the_rate(int gateways, int rate, int size, int clients)
    {
        Start(gateways, rate * MiB);
        using var stop = new CancellationTokenSource();
        var running = Transfers(clients, size * MiB, () => _turn++, stop.Token);
        Assert.InRange(await Pass(5), 0, 6.3 * rate * MiB);
        AssertRate(rate, await Pass(10));
        await End(running, stop);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(100)]
    public async Task Transfers_at_one_gateway_have_the_rate_and_nobody_is_passed_over(int gateways)
    {
        const int rate = 20;
        Start(gateways, rate * MiB);
        using var stop = new CancellationTokenSource();
        var running = Transfers(10, int.MaxValue, () => 0, stop.Token, out var sent);
        _ = await Pass(5);
        var before = sent.ToArray();
        AssertRate(rate, await Pass(10));
        Assert.All(sent.Zip(before), one => Assert.InRange(one.First - one.Second, 0.7 * rate * MiB, 1.3 * rate * MiB));
        Assert.True(_paces[0].HoldsBack);
        await End(running, stop);
        Assert.False(_paces[0].HoldsBack);
    }

    [Theory]
    [InlineData(10, 0)]
    [InlineData(100, 0)]
    [InlineData(100, 1)]
    public async Task After_a_move_it_is_never_more_than_the_rate_and_one_second(int gateways, int before)
    {
        const int rate = 50;
        Start(gateways, rate * MiB);
        using (var first = new CancellationTokenSource())
        {
            var one = Transfers(before == 0 ? 1 : gateways, int.MaxValue, () => before == 0 ? 0 : _turn++, first.Token);
            _ = await Pass(5);
            await End(one, first);
        }

        using var stop = new CancellationTokenSource();
        _cluster.Move();
        var running = Transfers(gateways, 50 * MiB, () => _turn++, stop.Token);
        Assert.InRange(await Pass(10), 10 * 0.95 * rate * MiB, 11 * 1.05 * rate * MiB);
        await End(running, stop);
    }

    [Fact]
    public async Task A_hundred_slow_transfers_leave_what_they_do_not_use()
    {
        const int rate = 50;
        Start(100, rate * MiB);
        using var stop = new CancellationTokenSource();
        var slow = Enumerable.Range(0, 100).Select(async gateway =>
        {
            // Half of the rate, all together.
            while (!stop.IsCancellationRequested)
            {
                await _paces[gateway].Take(rate * MiB / 200 / 5, CancellationToken.None);
                await Task.Delay(TimeSpan.FromSeconds(0.2), _time, CancellationToken.None);
            }
        }).ToList();
        var fast = Transfers(1, int.MaxValue, () => 7, stop.Token);
        _ = await Pass(5);
        Assert.InRange(await Pass(10), 10 * 0.35 * rate * MiB, 10 * 0.6 * rate * MiB);
        await stop.CancelAsync();
        await End(Task.WhenAll([.. slow, fast]), stop);
    }

    [Fact]
    public async Task Transfers_that_run_keep_to_another_rate_as_soon_as_there_is_one()
    {
        Start(2, 50 * MiB);
        using var stop = new CancellationTokenSource();
        var running = Transfers(2, int.MaxValue, () => _turn++, stop.Token);
        _ = await Pass(5);
        Assert.All(_paces, pace => pace.Most = 5 * MiB);
        _ = await Pass(3);
        AssertRate(5, await Pass(10));
        await End(running, stop);
    }

    [Fact]
    public async Task Without_an_answer_each_gateway_has_an_equal_part()
    {
        Start(10, 50 * MiB);
        _cluster.IsSilent = true;
        using var stop = new CancellationTokenSource();
        var running = Transfers(10, int.MaxValue, () => _turn++, stop.Token);
        _ = await Pass(5);
        AssertRate(50, await Pass(10));
        await End(running, stop);
    }

    [Fact]
    public async Task Who_gives_up_has_taken_nothing()
    {
        Start(1, MiB);
        await _paces[0].Take(MiB, CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var waiting = _paces[0].Take(8 * MiB, stop.Token).AsTask();
        await _time.Settle();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(_paces[0].Take(MiB / 2, CancellationToken.None).AsTask().IsCompleted);
    }

    private static void AssertRate(int rate, double sent) => Assert.InRange(sent / MiB, 10 * 0.95 * rate, 10 * 1.05 * rate);

    private void Start(int gateways, long most)
    {
        _cluster = new LimitCluster(_time, gateways) { Step = TimeSpan.FromMilliseconds(20) };
        _paces = [.. _cluster.Gateways.Select(
            shares => new BytePace(new SharedPermits(shares, _time, "acme", "bytes", isByLump: true), most, _time))];
    }

    private Task Transfers(int clients, int size, Func<int> next, CancellationToken stop) => Transfers(clients, size, next, stop, out _);

    /// <summary>Each client takes one layer after the other, as fast as it can.</summary>
    private Task Transfers(int clients, int size, Func<int> next, CancellationToken stop, out long[] sent)
    {
        var counts = sent = new long[clients];
        return Task.WhenAll(Enumerable.Range(0, clients).Select(async client =>
        {
            while (true)
            {
                var pace = _paces[next() % _paces.Length];
                for (var left = size; left > 0;)
                {
                    var piece = Math.Min(left, pace.Piece);
                    await pace.Take(piece, stop);
                    left -= piece;
                    counts[client] += piece;
                    Interlocked.Add(ref _sent, piece);
                }
            }
        }));
    }

    /// <summary>What is sent in this time; a question of the cluster takes a fiftieth of a second.</summary>
    private async Task<double> Pass(int seconds)
    {
        var before = Interlocked.Read(ref _sent);
        for (var tick = 0; tick < seconds * 50; tick++)
        {
            await _time.Settle();
            await _cluster.Tick(tick);
        }

        await _time.Settle();
        return Interlocked.Read(ref _sent) - before;
    }

    private async Task End(Task running, CancellationTokenSource stop)
    {
        await stop.CancelAsync();
        var ended = running.ContinueWith(_ => true, TaskScheduler.Default);
        Assert.True(await _time.Passing(ended, TimeSpan.FromSeconds(0.3)));
    }
}
