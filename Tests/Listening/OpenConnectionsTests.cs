using System.Net;
using RegistryProxy.ServiceDefaults.Listening;
using TestConnection = RegistryProxy.Tests.Listening.OpeningsTests.TestConnection;

namespace RegistryProxy.Tests.Listening;

/// <summary>Idle connections are bounded, and whoever holds most loses first.</summary>
public sealed class OpenConnectionsTests
{
    private readonly OpenConnections _connections = new(new RunningRequests());
    private readonly Openings _openings = new(TimeProvider.System);

    [Fact]
    public void Who_opens_many_loses_its_own_idle_ones_and_those_at_work_stay()
    {
        var (user, userOpen) = Open("203.0.113.9");
        var (busy, busyOpen) = Open("203.0.113.7");
        Assert.True(busyOpen.TryBegin());
        var many = Enumerable.Range(0, OpenConnections.MaxOfCaller * 2).Select(_ => Open("203.0.113.7").Connection).ToList();
        Assert.Equal(OpenConnections.MaxOfCaller + 1, many.Count(connection => connection.IsAborted));
        Assert.All(many.Take(OpenConnections.MaxOfCaller), connection => Assert.True(connection.IsAborted));
        Assert.False(user.IsAborted || busy.IsAborted);
        Assert.True(userOpen.TryBegin());
    }

    [Fact]
    public void Of_all_together_the_largest_holder_loses()
    {
        var user = Open("203.0.113.9").Connection;
        for (var i = 0; i < OpenConnections.MaxCount; i++)
        {
            Open($"198.51.{i % 200}.1");
        }

        Assert.False(user.IsAborted);
    }

    [Fact]
    public void The_addresses_of_one_network_are_one_holder()
    {
        var many = Enumerable.Range(0, OpenConnections.MaxOfCaller + 100).Select(i => Open($"2001:db8:0:{i:x}::1").Connection).ToList();
        Assert.Equal(100, many.Count(connection => connection.IsAborted));
    }

    [Fact]
    public void What_was_used_goes_after_what_was_not_and_what_is_given_up_takes_no_request()
    {
        var open = Enumerable.Range(0, OpenConnections.MaxOfCaller).Select(_ => Open("203.0.113.7")).ToList();
        foreach (var (_, one) in open.Take(10))
        {
            Assert.True(one.TryBegin());
            one.End();
        }

        Open("203.0.113.7");
        Assert.Equal([10], Enumerable.Range(0, open.Count).Where(i => open[i].Connection.IsAborted));
        Assert.False(open[10].Open.TryBegin());
        Assert.True(open[11].Open.TryBegin());
    }

    [Fact]
    public void A_connection_that_ended_makes_room_and_one_that_a_load_balancer_carries_is_its_clients()
    {
        for (var i = 0; i < OpenConnections.MaxCount; i++)
        {
            Open("203.0.113.7").Open.Dispose();
        }

        var carried = Enumerable.Range(0, OpenConnections.MaxOfCaller + 100).Select(i =>
        {
            var (connection, open) = Open("10.0.0.1");
            open.BelongsTo(IPAddress.Parse($"203.0.{i / 200}.{i % 200}"));
            return connection;
        }).ToList();
        Assert.DoesNotContain(carried, connection => connection.IsAborted);
    }

    [Fact]
    public void Whoever_is_still_in_a_handshake_is_not_cut_for_it()
    {
        var busy = Enumerable.Range(0, OpenConnections.MaxOfCaller).Select(_ => Open("203.0.113.7")).ToList();
        Assert.All(busy, one => Assert.True(one.Open.TryBegin()));
        var greeting = Enumerable.Range(0, 200).Select(_ => Open("203.0.113.7", hasSpoken: false).Connection).ToList();
        Assert.DoesNotContain(greeting, connection => connection.IsAborted);
        Assert.DoesNotContain(busy, one => one.Connection.IsAborted);
    }

    private (TestConnection Connection, OpenConnection Open) Open(string address, bool hasSpoken = true)
    {
        var connection = new TestConnection { RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 1) };
        var opening = _openings.Begin(connection);
        if (hasSpoken)
        {
            opening.End();
        }

        return (connection, _connections.Add(connection, opening));
    }
}
