using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.ServiceDefaults.Connections;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Listening;

/// <summary>Handshakes behind their hello are few at a time, and nobody who does not answer keeps others from theirs.</summary>
public sealed class HandshakesTests
{
    /// <summary>The random value of a HelloRetryRequest (RFC 8446 §4.1.3).</summary>
    private static readonly byte[] RetryRandom =
        Convert.FromHexString("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C");

    private readonly FakeTimeProvider _time = new();
    private readonly Handshakes _handshakes;

    public HandshakesTests() => _handshakes = new Handshakes(_time);

    [Fact]
    public async Task Another_address_takes_the_place_of_the_oldest_at_once()
    {
        var many = await Fill("203.0.113.7");
        var user = new Client("203.0.113.9");
        Assert.Equal(HelloState.Whole, (await _handshakes.Begin(user)).Hello);
        Assert.Equal([many[0]], many.Where(client => client.IsAborted));
    }

    [Fact]
    public async Task The_same_address_waits_until_one_has_had_its_time()
    {
        var many = await Fill("203.0.113.7");
        var user = _handshakes.Begin(new Client("203.0.113.7")).AsTask();
        _time.Advance(Handshakes.MaxTimeWhenFull - TimeSpan.FromMilliseconds(100));
        Assert.False(user.IsCompleted);
        Assert.DoesNotContain(many, client => client.IsAborted);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(HelloState.Whole, (await user).Hello);
        Assert.Equal([many[0]], many.Where(client => client.IsAborted));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Single(many, client => client.IsAborted);
    }

    [Fact]
    public async Task Only_waiting_for_the_client_counts_and_all_of_it()
    {
        var first = new Client("203.0.113.7");
        var handshake = await _handshakes.Begin(first);
        await Fill("203.0.113.7", Handshakes.MaxCount - 1, isReading: false);
        var user = _handshakes.Begin(new Client("203.0.113.7")).AsTask();
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(user.IsCompleted);

        await Consume(handshake.Input);
        for (var answers = 0; answers < 4; answers++)
        {
            var reading = Consume(handshake.Input);
            _time.Advance(Handshakes.MaxTimeWhenFull / 4);
            Assert.Equal(answers == 3, first.IsAborted);
            await first.Sends([1]);
            await reading;
            _time.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal(HelloState.Whole, (await user).Hello);
    }

    [Fact]
    public async Task What_comes_while_it_waits_is_held_and_read_behind_the_hello()
    {
        var first = await _handshakes.Begin(new Client("203.0.113.7"));
        await Fill("203.0.113.7", Handshakes.MaxCount - 1);
        var client = new Client("203.0.113.7", [.. HelloBytes.Whole(), 1, 2]);
        var turn = _handshakes.Begin(client).AsTask();
        await client.Sends([3]);
        Assert.False(turn.IsCompleted);
        first.Dispose();
        var handshake = await turn;
        Assert.Equal(HelloBytes.Whole(), await Consume(handshake.Input));
        Assert.Equal([1, 2, 3], await Consume(handshake.Input));
        var next = Consume(handshake.Input);
        await client.Sends([4]);
        Assert.Equal([4], await next);
        handshake.Succeed();
        next = Consume(handshake.Input);
        await client.Sends([5]);
        Assert.Equal([5], await next);
    }

    [Fact]
    public async Task One_that_waits_and_sends_more_than_early_data_is_refused()
    {
        await Fill("203.0.113.7");
        var stranger = new Client("203.0.113.7");
        var turn = _handshakes.Begin(stranger).AsTask();
        for (var sent = HelloBytes.Whole().Length; sent <= HelloScan.MaxBytes; sent += 1024)
        {
            Assert.False(turn.IsCompleted);
            await stranger.Sends(new byte[1024]);
        }

        Assert.Equal(HelloState.Incomplete, (await turn).Hello);
    }

    [Fact]
    public async Task A_second_hello_that_came_with_the_first_is_bounded_like_one_that_comes_later()
    {
        var client = new Client("203.0.113.7", [.. HelloBytes.Whole(hasShare: false), .. HelloBytes.Announcing(131_396)]);
        var handshake = await _handshakes.Begin(client);
        Assert.Equal(HelloBytes.Whole(hasShare: false), await Consume(handshake.Input));
        handshake.Sent([22, 3, 3, 0, 80, 2, 0, 0, 76, 3, 3, .. RetryRandom]);
        await Assert.ThrowsAsync<ConnectionAbortedException>(() => Consume(handshake.Input));
    }

    [Fact]
    public async Task Each_step_of_a_connection_is_told()
    {
        var progress = new Progress();
        var client = new Client("203.0.113.7", HelloBytes.Whole()[..^1]);
        client.Features.Set<IConnectionProgress>(progress);
        var begun = _handshakes.Begin(client).AsTask();
        Assert.Equal(0, progress.Steps);
        await client.Sends(HelloBytes.Whole()[^1..]);
        var handshake = await begun;
        Assert.Equal(1, progress.Steps);
        handshake.Succeed();
        Assert.Equal(2, progress.Steps);
    }

    [Fact]
    public async Task The_last_of_those_who_wait_is_the_next()
    {
        var first = await _handshakes.Begin(new Client("203.0.113.7"));
        await Fill("203.0.113.7", Handshakes.MaxCount - 1);
        var waiting = Enumerable.Range(0, 3).Select(_ => new Client("203.0.113.7")).ToList();
        var turns = waiting.ConvertAll(client => _handshakes.Begin(client).AsTask());
        waiting[2].Close();
        Assert.Equal(HelloState.Incomplete, (await turns[2]).Hello);
        first.Dispose();
        first.Dispose();
        Assert.Equal(HelloState.Whole, (await turns[1]).Hello);
        Assert.False(turns[0].IsCompleted);
        (await turns[1]).Dispose();
        Assert.Equal(HelloState.Whole, (await turns[0]).Hello);
    }

    [Fact]
    public async Task Many_addresses_at_once_wait_and_all_get_through()
    {
        var clients = Enumerable.Range(0, Handshakes.MaxCount * 4).Select(i => new Client($"10.0.{i >> 8}.{i & 255}")).ToList();
        var running = new Queue<Task<Handshake>>(clients.Select(client => _handshakes.Begin(client).AsTask()));
        while (running.TryDequeue(out var turn))
        {
            if (turn.IsCompleted)
            {
                var handshake = await turn;
                Assert.Equal(HelloState.Whole, handshake.Hello);
                handshake.Dispose();
            }
            else
            {
                running.Enqueue(turn);
                await Task.Yield();
            }
        }

        Assert.DoesNotContain(clients, client => client.IsAborted);
    }

    [Fact]
    public async Task Without_its_hello_none_takes_a_place()
    {
        var slow = Enumerable.Range(0, Handshakes.MaxCount * 2).Select(_ => new Client("203.0.113.7", HelloBytes.Whole()[..^1])).ToList();
        var begun = slow.ConvertAll(client => _handshakes.Begin(client).AsTask());
        Assert.Equal(HelloState.Whole, (await _handshakes.Begin(new Client("203.0.113.7"))).Hello);
        await slow[^1].Sends([.. HelloBytes.Whole()[^1..]]);
        Assert.Equal(HelloState.Whole, (await begun[^1]).Hello);
        slow[0].Close();
        Assert.Equal(HelloState.Incomplete, (await begun[0]).Hello);
    }

    [Fact]
    public async Task One_that_has_succeeded_is_not_given_up()
    {
        var many = Enumerable.Range(0, Handshakes.MaxCount).Select(_ => new Client("203.0.113.7")).ToList();
        var begun = new List<Handshake>();
        foreach (var client in many)
        {
            begun.Add(await _handshakes.Begin(client));
        }

        begun[0].Succeed();
        begun[0].GiveUp();
        Assert.False(many[0].IsAborted);
        Assert.False(begun[0].IsGivenUp);
    }

    [Fact]
    public async Task Something_else_is_answered_with_an_alert()
    {
        var stranger = new Client("203.0.113.7", HelloBytes.Announcing(131_396));
        Assert.Equal(HelloState.Refused, (await _handshakes.Begin(stranger)).Hello);
        Assert.Equal([21, 3, 3, 0, 2, 2, 10], await stranger.Answer());
    }

    private async Task<List<Client>> Fill(string address, int count = Handshakes.MaxCount, bool isReading = true)
    {
        var clients = Enumerable.Range(0, count).Select(_ => new Client(address)).ToList();
        foreach (var client in clients)
        {
            var handshake = await _handshakes.Begin(client);
            Assert.Equal(HelloState.Whole, handshake.Hello);
            if (isReading)
            {
                await Consume(handshake.Input);
                _ = Consume(handshake.Input);
            }
        }

        return clients;
    }

    /// <summary>What is read next.</summary>
    private static async Task<byte[]> Consume(PipeReader input)
    {
        var result = await input.ReadAsync();
        byte[] bytes = [.. result.Buffer.ToArray()];
        input.AdvanceTo(result.Buffer.End);
        return bytes;
    }

    private sealed class Progress : IConnectionProgress
    {
        public int Steps { get; private set; }

        public void Advance() => Steps++;
    }

    private sealed class Client : ConnectionContext, IDuplexPipe
    {
        private readonly Pipe _input = new();
        private readonly Pipe _output = new();
        private readonly CancellationTokenSource _closed = new();

        public Client(string address, byte[]? first = null)
        {
            RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 1);
            ConnectionClosed = _closed.Token;
            Transport = this;
            _ = Sends(first ?? HelloBytes.Whole());
        }

        public bool IsAborted { get; private set; }

        public PipeReader Input => _input.Reader;

        public PipeWriter Output => _output.Writer;

        public override string ConnectionId { get; set; } = "";

        public override IFeatureCollection Features { get; } = new FeatureCollection();

        public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

        public override IDuplexPipe Transport { get; set; }

        public async Task Sends(byte[] bytes) => await _input.Writer.WriteAsync(bytes);

        public async Task<byte[]> Answer() => [.. (await _output.Reader.ReadAsync()).Buffer.FirstSpan];

        public void Close()
        {
            _input.Writer.Complete();
            _closed.Cancel();
        }

        public override void Abort(ConnectionAbortedException abortReason) => IsAborted = true;
    }
}
