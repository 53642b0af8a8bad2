using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Egress;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Egress;

/// <summary>Name servers that are slow, or dead for one family, cost no request its time.</summary>
public sealed class HostAddressesTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);
    private static readonly IPAddress Four = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Six = IPAddress.Parse("2001:db8::1");

    private readonly FakeTimeProvider _time = new();
    private readonly HostAddresses _hosts;
    private Func<AddressFamily, Task<IPAddress[]>> _answer =
        family => Task.FromResult<IPAddress[]>([family == AddressFamily.InterNetwork ? Four : Six]);
    private int _asked;

    public HostAddressesTests() => _hosts = new HostAddresses(
        (_, family) =>
        {
            Interlocked.Increment(ref _asked);
            return _answer(family);
        },
        _time);

    [Fact]
    public async Task Both_families_are_asked_and_kept()
    {
        Assert.Equal([Six, Four], await Get());
        Assert.Equal([Six, Four], await Get());
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task A_name_that_the_resolver_does_not_take_has_no_address()
    {
        _answer = _ => throw new ArgumentOutOfRangeException(nameof(_answer));
        await Assert.ThrowsAsync<SocketException>(Get);
    }

    [Fact]
    public async Task A_family_that_is_never_answered_costs_a_moment()
    {
        _answer = family => family == AddressFamily.InterNetwork ? Task.FromResult<IPAddress[]>([Four]) : Never();
        var began = _time.GetTimestamp();
        Assert.Equal([Four], await _time.Passing(Get(), Step));
        Assert.True(_time.GetElapsedTime(began) <= 10 * Step, $"{_time.GetElapsedTime(began)}");
    }

    [Fact]
    public async Task A_family_without_addresses_is_not_taken_for_the_answer()
    {
        _answer = family => family == AddressFamily.InterNetworkV6 ? Task.FromResult<IPAddress[]>([])
            : After(TimeSpan.FromSeconds(5), Four);
        Assert.Equal([Four], await _time.Passing(Get(), Step));
    }

    [Fact]
    public async Task The_family_that_is_answered_later_completes_what_is_known()
    {
        _answer = family => family == AddressFamily.InterNetwork ? After(TimeSpan.FromSeconds(5), Four)
            : Task.FromResult<IPAddress[]>([Six]);
        var first = await _time.Passing(Get(), Step);
        Assert.Equal([Six], first);
        Assert.Equal([Four], await _time.Passing(_hosts.Others("registry.example", first, CancellationToken.None), Step));
        Assert.Equal([Six, Four], await Get());
    }

    [Fact]
    public async Task A_host_none_of_whose_addresses_answers_is_looked_up_anew()
    {
        var known = await Get();
        Assert.Equal([], await _hosts.Others("registry.example", known, CancellationToken.None));
        await Get();
        Assert.Equal(4, _asked);
    }

    [Fact]
    public async Task A_lookup_ends_for_itself_not_with_its_caller()
    {
        _answer = _ => After(TimeSpan.FromSeconds(5), Four);
        using var gone = new CancellationTokenSource();
        var first = _hosts.Get("registry.example", gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        // The answers for both families come in one moment, or one of them a little late.
        Assert.All(await _time.Passing(Get(), Step), address => Assert.Equal(Four, address));
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task What_is_known_is_used_while_it_is_renewed()
    {
        await Get();
        _time.Advance(HostAddresses.Fresh);
        _answer = _ => Never();
        Assert.Equal([Six, Four], await Get());
        Assert.Equal([Six, Four], await Get());
        await Eventually(() => Volatile.Read(ref _asked) == 4);
    }

    [Fact]
    public async Task What_is_known_stays_when_it_cannot_be_renewed()
    {
        await Get();
        _time.Advance(HostAddresses.Fresh);
        _answer = _ => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.TryAgain));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal([Six, Four], await Get());
        }
    }

    [Fact]
    public async Task What_is_too_old_is_not_used()
    {
        await Get();
        _time.Advance(HostAddresses.Usable);
        _answer = _ => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.TryAgain));
        Assert.Equal(SocketError.TryAgain, (await Assert.ThrowsAsync<SocketException>(Get)).SocketErrorCode);
    }

    [Fact]
    public async Task A_host_without_addresses_is_not_found_and_not_remembered()
    {
        _answer = _ => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound));
        Assert.Equal(SocketError.HostNotFound, (await Assert.ThrowsAsync<SocketException>(Get)).SocketErrorCode);
        _answer = _ => Task.FromResult<IPAddress[]>([Four]);
        Assert.Equal([Four, Four], await Get());
    }

    [Fact]
    public async Task No_answer_at_all_ends()
    {
        _answer = _ => Never();
        var began = _time.GetTimestamp();
        await Assert.ThrowsAsync<SocketException>(() => _time.Passing(Get(), Step));
        Assert.InRange(_time.GetElapsedTime(began), HostAddresses.Limit, HostAddresses.Limit + (20 * Step));
    }

    [Fact]
    public async Task The_number_of_hosts_is_bounded()
    {
        for (var host = 0; host < 3 * HostAddresses.MaxHosts; host++)
        {
            await _hosts.Get($"h{host}.example", CancellationToken.None);
        }

        var asked = _asked;
        await _hosts.Get("h0.example", CancellationToken.None);
        Assert.Equal(asked, _asked);
        await _hosts.Get($"h{(2 * HostAddresses.MaxHosts) + 1}.example", CancellationToken.None);
        Assert.Equal(asked + 2, _asked);
    }

    [Fact]
    public async Task A_literal_asks_nobody()
    {
        Assert.Equal([Six], await _hosts.Get("2001:db8::1", CancellationToken.None));
        Assert.Equal(0, _asked);
    }

    private Task<IPAddress[]> Get() => _hosts.Get("registry.example", CancellationToken.None).AsTask();

    private async Task<IPAddress[]> After(TimeSpan time, IPAddress address)
    {
        await Task.Delay(time, _time);
        return [address];
    }

    private static Task<IPAddress[]> Never() => new TaskCompletionSource<IPAddress[]>().Task;

    private static Task Eventually(Func<bool> condition) => Support.Processes.Eventually.True(condition, "it is asked again");
}
