using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Streaming;

namespace RegistryProxy.Tests.Gateway;

/// <summary>
/// A client that sends nothing, or next to nothing, of a body is given up; one that is held back, or slow in places, is not.
/// </summary>
public sealed class MovingBodyTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly Pipe _client = new();
    private readonly byte[] _buffer = new byte[64 * 1024];

    [Fact]
    public async Task A_client_that_falls_silent_is_408_within_a_minute()
    {
        var body = Watch(MovingBody.StreamedRate);
        await Send(100);
        Assert.Equal(100, await body.ReadAsync(_buffer, default));
        var waiting = body.ReadAsync(_buffer, default).AsTask();
        Advance(49);
        Assert.False(waiting.IsCompleted);
        Advance(6);
        Assert.Equal(StatusCodes.Status408RequestTimeout, (await Assert.ThrowsAsync<BadHttpRequestException>(() => waiting)).StatusCode);
        await Assert.ThrowsAsync<BadHttpRequestException>(() => body.ReadAsync(_buffer, default).AsTask());
        Assert.True(body.IsBroken);
    }

    [Theory]
    [InlineData(100, MovingBody.StreamedRate, false)]
    [InlineData(1100, MovingBody.StreamedRate, true)]
    [InlineData(1100, MovingBody.HeldRate, false)]
    [InlineData(17 * 1024, MovingBody.HeldRate, true)]
    public async Task What_a_second_brings_on_average_decides(int bytes, int rate, bool goesOn)
    {
        var body = Watch(rate);
        var second = 0;
        for (; second < 300; second++)
        {
            var reading = body.ReadAsync(_buffer, default).AsTask();
            Advance(1);
            try
            {
                await Send(bytes);
                Assert.Equal(bytes, await reading);
            }
            catch (BadHttpRequestException)
            {
                break;
            }
        }

        Assert.Equal(goesOn, second == 300);
        Assert.True(second > 45);
    }

    [Fact]
    public async Task What_is_held_back_here_is_not_waited_for_and_a_reader_that_leaves_is_none_that_waits()
    {
        var body = Watch(MovingBody.StreamedRate);
        for (var read = 0; read < 10; read++)
        {
            await Send(1);
            Assert.Equal(1, await body.ReadAsync(_buffer, default));
            Advance(300);
        }

        using var leave = new CancellationTokenSource();
        var waiting = body.ReadAsync(_buffer, leave.Token).AsTask();
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private MovingBody Watch(int rate)
    {
        var context = new DefaultHttpContext { Request = { Body = _client.Reader.AsStream() } };
        var body = MovingBody.Watch(context, rate, _time)!;
        Assert.Same(body, context.Request.Body);
        Assert.False(body.IsBegun);
        return body;
    }

    private async Task Send(int bytes) => await _client.Writer.WriteAsync(new byte[bytes]);

    private void Advance(int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
