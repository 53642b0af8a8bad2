using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Tests.Listening;

/// <summary>Connections that have asked nothing yet have an end, and of too many the oldest go.</summary>
public sealed class OpeningsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Who_asks_nothing_is_closed_and_who_asked_stays()
    {
        var openings = new Openings(_time);
        var (silent, speaking) = (new TestConnection(), new TestConnection());
        using var first = openings.Begin(silent);
        using var second = openings.Begin(speaking);
        second.End();
        second.End();
        _time.Advance(Openings.MaxTime - TimeSpan.FromMilliseconds(1));
        Assert.False(silent.IsAborted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(silent.IsAborted);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.False(speaking.IsAborted);
    }

    [Fact]
    public void Of_too_many_of_one_address_the_oldest_that_is_silent_goes()
    {
        var openings = new Openings(_time);
        var connections = Enumerable.Range(0, Openings.MaxOfCaller + 2).Select(_ => new TestConnection()).ToList();
        openings.Begin(connections[0]);
        openings.Begin(connections[1]).End();
        connections.Skip(2).ToList().ForEach(connection => openings.Begin(connection));
        Assert.Equal([connections[0]], connections.Where(connection => connection.IsAborted));
        openings.Begin(new TestConnection());
        Assert.Equal([connections[0], connections[2]], connections.Where(connection => connection.IsAborted));
    }

    [Fact]
    public void There_are_never_more_however_many_come_at_once()
    {
        var openings = new Openings(_time);
        Parallel.For(0, 3 * Openings.MaxCount, number =>
        {
            openings.Begin(new TestConnection { RemoteEndPoint = new IPEndPoint(0x0100_000A + ((long)number << 8), 1) });
            Assert.InRange(openings.Count, 1, Openings.MaxCount);
        });
        Assert.Equal(Openings.MaxCount, openings.Count);
    }

    [Fact]
    public void One_that_came_further_stays_longer()
    {
        var openings = new Openings(_time);
        var connections = Enumerable.Range(0, Openings.MaxOfCaller).Select(_ => new TestConnection()).ToList();
        var first = openings.Begin(connections[0]);
        connections.Skip(1).ToList().ForEach(connection => openings.Begin(connection));
        first.Advance();
        openings.Begin(new TestConnection());
        Assert.Equal([connections[1]], connections.Where(connection => connection.IsAborted));
        first.End();
        first.Advance();
    }

    [Fact]
    public void Of_too_many_in_all_the_oldest_goes()
    {
        var openings = new Openings(_time);
        var connections = Enumerable.Range(0, Openings.MaxCount).Select(i => From($"10.{i >> 8}.{i & 255}.1")).ToList();
        connections.ForEach(connection => openings.Begin(connection));
        Assert.DoesNotContain(connections, connection => connection.IsAborted);
        openings.Begin(From("203.0.113.9"));
        Assert.Equal([connections[0]], connections.Where(connection => connection.IsAborted));
    }

    [Fact]
    public void A_connection_that_ended_makes_room()
    {
        var openings = new Openings(_time);
        var first = new TestConnection();
        openings.Begin(first);
        for (var i = 0; i < Openings.MaxCount * 2; i++)
        {
            using var ended = openings.Begin(new TestConnection());
        }

        Assert.False(first.IsAborted);
    }

    [Fact]
    public void Who_opens_many_pushes_out_its_own()
    {
        var openings = new Openings(_time);
        var (user, carried) = (From("203.0.113.9"), From("10.0.0.1"));
        openings.Begin(user);
        openings.Begin(carried).BelongsTo(IPAddress.Parse("203.0.113.8"));
        var many = Enumerable.Range(0, Openings.MaxCount * 2)
            .Select(i => From(i % 2 == 0 ? "203.0.113.7" : $"2001:db8:0:{i:x}::1")).ToList();
        many.ForEach(connection => openings.Begin(connection));
        Assert.Equal(Openings.MaxCount + 2, many.Count(connection => connection.IsAborted));
        Assert.False(user.IsAborted || carried.IsAborted);
    }

    private static TestConnection From(string address) => new() { RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 1) };

    internal sealed class TestConnection : ConnectionContext
    {
        public bool IsAborted { get; private set; }

        public override string ConnectionId { get; set; } = "";

        public override IFeatureCollection Features { get; } = new FeatureCollection();

        public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

        public override IDuplexPipe Transport { get; set; } = null!;

        public override EndPoint? RemoteEndPoint { get; set; }

        public override void Abort(ConnectionAbortedException abortReason) => IsAborted = true;
    }
}
