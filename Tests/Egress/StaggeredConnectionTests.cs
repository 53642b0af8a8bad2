using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Background;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Egress;

/// <summary>An address that says nothing costs a quarter of a second, one that refuses costs nothing.</summary>
public sealed class StaggeredConnectionTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);
    private static readonly IPAddress[] All = [.. new[] { "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2" }.Select(IPAddress.Parse)];

    private readonly FakeTimeProvider _time = new();
    private readonly ConcurrentQueue<string> _tried = new();
    private readonly ConcurrentQueue<string> _cancelled = new();
    private Func<string, Task<Stream>> _accepts = _ => Task.FromResult<Stream>(new MemoryStream());

    [Fact]
    public async Task Families_take_turns_and_the_first_that_accepts_is_enough()
    {
        _accepts = address => address == "192.0.2.2" ? Task.FromResult<Stream>(new MemoryStream()) : Refused();
        await Open();
        Assert.Equal(["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"], _tried);
    }

    [Fact]
    public async Task One_that_says_nothing_is_tried_beside_the_next()
    {
        _accepts = address => address == "192.0.2.1" ? Task.FromResult<Stream>(new MemoryStream()) : Never();
        var began = _time.GetTimestamp();
        await _time.Passing(Open(), Step);
        Assert.Equal(["2001:db8::1", "192.0.2.1"], _tried);
        Assert.InRange(_time.GetElapsedTime(began), StaggeredConnection.AttemptDelay, 3 * StaggeredConnection.AttemptDelay);
        Assert.Contains("2001:db8::1", _cancelled);
    }

    [Fact]
    public async Task A_late_one_wins_when_the_others_refuse()
    {
        var late = new TaskCompletionSource<Stream>();
        _accepts = address => address == "2001:db8::1" ? late.Task : Refused();
        var opening = Open();
        for (var i = 0; _tried.Count < All.Length; i++)
        {
            await _time.Pass(Step, Step);
        }

        late.SetResult(new MemoryStream());
        await _time.Passing(opening, Step);
    }

    [Fact]
    public async Task When_all_refuse_the_reason_is_the_last_one_s()
    {
        _accepts = _ => Refused();
        Assert.Equal(SocketError.ConnectionRefused, (await Assert.ThrowsAsync<SocketException>(Open)).SocketErrorCode);
        Assert.Equal(4, _tried.Count);
    }

    [Fact]
    public async Task It_ends_with_its_caller()
    {
        _accepts = _ => Never();
        using var gone = new CancellationTokenSource();
        var opening = Open(gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
    }

    private Task<Stream> Open() => Open(CancellationToken.None);

    private Task<Stream> Open(CancellationToken cancellation) => new StaggeredConnection(Connect, _time).Open(All, 443, cancellation);

    private Task<Stream> Connect(IPEndPoint address, CancellationToken cancellation)
    {
        _tried.Enqueue(address.Address.ToString());
        cancellation.Register(() => _cancelled.Enqueue(address.Address.ToString()));
        return _accepts(address.Address.ToString()).WaitAsync(cancellation);
    }

    private static Task<Stream> Refused() => Task.FromException<Stream>(new SocketException((int)SocketError.ConnectionRefused));

    private static Task<Stream> Never() => new TaskCompletionSource<Stream>().Task;
}
