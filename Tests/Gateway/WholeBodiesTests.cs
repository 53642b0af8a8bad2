using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.ServiceDefaults.Requests;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Bodies that do not come have an end, and those of one address keep out nobody else's.</summary>
public sealed class WholeBodiesTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly WholeBodies _bodies;

    public WholeBodiesTests() => _bodies = new WholeBodies(new ClientAddress([]), _time);

    [Fact]
    public async Task One_that_does_not_come_in_time_is_given_up()
    {
        var (body, reading) = Begin("203.0.113.7");
        _time.Advance(WholeBodies.MaxTime - TimeSpan.FromMilliseconds(1));
        await body.Writer.WriteAsync("a"u8.ToArray());
        Assert.False(reading.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(408, (await Assert.ThrowsAsync<UnreadableBodyException>(() => reading)).StatusCode);
        Assert.Equal(0, _bodies.Count);
    }

    [Fact]
    public async Task One_that_comes_is_read_and_makes_room()
    {
        for (var i = 0; i < WholeBodies.MaxCount; i++)
        {
            var (body, reading) = Begin("203.0.113.7");
            Assert.Equal(1, _bodies.Count);
            await body.Writer.WriteAsync("ab"u8.ToArray());
            await body.Writer.CompleteAsync();
            Assert.Equal("ab", await reading);
        }

        Assert.Equal(0, _bodies.Count);
    }

    [Fact]
    public async Task Of_too_many_the_oldest_of_the_address_with_most_is_given_up()
    {
        var user = Begin("203.0.113.9");
        var many = Enumerable.Range(0, WholeBodies.MaxOfCaller + 1).Select(_ => Begin("203.0.113.7")).ToList();
        Assert.Equal(408, (await Assert.ThrowsAsync<UnreadableBodyException>(() => many[0].Reading)).StatusCode);
        for (var i = 0; i < WholeBodies.MaxCount - WholeBodies.MaxOfCaller; i++)
        {
            Begin($"198.51.{i >> 8}.{i & 255}");
        }

        Assert.Equal(WholeBodies.MaxCount, _bodies.Count);
        Assert.Equal(408, (await Assert.ThrowsAsync<UnreadableBodyException>(() => many[1].Reading)).StatusCode);
        Assert.False(user.Reading.IsCompleted);
    }

    [Fact]
    public async Task A_client_that_has_gone_is_no_late_one()
    {
        using var gone = new CancellationTokenSource();
        var (_, reading) = Begin("203.0.113.7", aborted: gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Equal(0, _bodies.Count);
    }

    [Fact]
    public async Task Nothing_is_held_for_what_has_not_come()
    {
        var bodies = Enumerable.Range(0, 100).Select(i => Begin($"198.51.0.{i}")).ToList();
        Assert.Equal(0, _bodies.Bytes);
        foreach (var (body, _) in bodies)
        {
            await body.Writer.WriteAsync(new byte[3000]);
        }

        await Eventually.True(() => _bodies.Bytes >= 100 * 3000, "what was sent is here");
        Assert.InRange(_bodies.Bytes, 100 * 3000, 100 * 4096);
        _time.Advance(WholeBodies.MaxTime);
        await Task.WhenAll(bodies.Select(body => Assert.ThrowsAsync<UnreadableBodyException>(() => body.Reading)));
        Assert.Equal(0, _bodies.Bytes);
    }

    [Fact]
    public async Task Of_too_much_together_the_oldest_of_the_address_with_most_is_given_up()
    {
        const int Each = 1024 * 1024;
        var user = Begin("203.0.113.9", maxBytes: Each);
        await user.Body.Writer.WriteAsync(new byte[Each / 2]);
        await Eventually.True(() => _bodies.Bytes >= Each / 2, "what was sent is here");
        var many = new List<Task<string>>();
        while (many.All(reading => !reading.IsCompleted))
        {
            var (body, reading) = Begin("203.0.113.7", maxBytes: Each);
            many.Add(reading);
            var before = _bodies.Bytes;
            await body.Writer.WriteAsync(new byte[Each]);
            await Eventually.True(() => _bodies.Bytes >= before + Each || many.Exists(one => one.IsCompleted), "what was sent is here");
            Assert.InRange(many.Count, 1, WholeBodies.MaxBytes / Each);
        }

        Assert.Equal(408, (await Assert.ThrowsAsync<UnreadableBodyException>(() => many[0])).StatusCode);
        Assert.InRange(_bodies.Bytes, 1, WholeBodies.MaxBytes);
        Assert.False(user.Reading.IsCompleted);
    }

    [Fact]
    public async Task A_long_one_has_more_time()
    {
        var (_, reading) = Begin("203.0.113.7", maxBytes: 1024 * 1024);
        _time.Advance(TimeSpan.FromSeconds(63));
        Assert.False(reading.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(408, (await Assert.ThrowsAsync<UnreadableBodyException>(() => reading)).StatusCode);
    }

    [Fact]
    public async Task One_that_is_too_long_is_refused_even_where_the_server_does_not()
    {
        var (body, reading) = Begin("203.0.113.7", maxBytes: 2048);
        await body.Writer.WriteAsync(new byte[2049]);
        await body.Writer.WriteAsync(new byte[60_000]);
        await Eventually.True(() => _bodies.Bytes > 0, "what was sent is here");
        Assert.InRange(_bodies.Bytes, 2049, 8192);
        Assert.False(reading.IsCompleted);
        await body.Writer.CompleteAsync();
        Assert.Equal(413, (await Assert.ThrowsAsync<UnreadableBodyException>(() => reading)).StatusCode);
    }

    private (Pipe Body, Task<string> Reading) Begin(string address, int maxBytes = 64 * 1024, CancellationToken aborted = default)
    {
        var body = new Pipe();
        var context = new DefaultHttpContext { RequestAborted = aborted };
        context.Connection.RemoteIpAddress = IPAddress.Parse(address);
        context.Request.Body = body.Reader.AsStream();
        return (body, _bodies.ReadWithin(context, maxBytes, Encoding.ASCII.GetString).AsTask());
    }
}
