using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.ServiceDefaults.Requests;

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
        Assert.Equal(408, (await Assert.ThrowsAsync<BadHttpRequestException>(() => reading)).StatusCode);
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
        Assert.Equal(408, (await Assert.ThrowsAsync<BadHttpRequestException>(() => many[0].Reading)).StatusCode);
        for (var i = 0; i < WholeBodies.MaxCount - WholeBodies.MaxOfCaller; i++)
        {
            Begin($"198.51.{i >> 8}.{i & 255}");
        }

        Assert.Equal(WholeBodies.MaxCount, _bodies.Count);
        Assert.Equal(408, (await Assert.ThrowsAsync<BadHttpRequestException>(() => many[1].Reading)).StatusCode);
        Assert.False(user.Reading.IsCompleted);
    }

    [Fact]
    public async Task A_client_that_has_gone_is_no_late_one()
    {
        using var gone = new CancellationTokenSource();
        var (_, reading) = Begin("203.0.113.7", gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Equal(0, _bodies.Count);
    }

    private (Pipe Body, Task<string> Reading) Begin(string address, CancellationToken aborted = default)
    {
        var body = new Pipe();
        var context = new DefaultHttpContext { RequestAborted = aborted };
        context.Connection.RemoteIpAddress = IPAddress.Parse(address);
        context.Request.Body = body.Reader.AsStream();
        return (body, _bodies.Read(context, static async (stream, cancellation) =>
        {
            using var reader = new StreamReader(stream);
            return await reader.ReadToEndAsync(cancellation);
        }).AsTask());
    }
}
