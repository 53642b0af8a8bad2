using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.ServiceDefaults.Admin;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Tests.Listening;

/// <summary>Guesses of the admin token are slow for the address that guesses and for nobody else.</summary>
public sealed class AdminGuessesTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly AdminGuesses _guesses;

    public AdminGuessesTests() => _guesses = new AdminGuesses(new ClientAddress([IPNetwork.Parse("127.0.0.0/8")]), _time);

    [Fact]
    public async Task After_ten_wrong_ones_each_waits_a_second_and_too_many_are_turned_away()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.False(await Wrong("203.0.113.7"));
        }

        var waiting = Enumerable.Range(0, 5).Select(_ => Wrong("203.0.113.7")).ToList();
        Assert.All(waiting, wait => Assert.False(wait.IsCompleted));
        Assert.Null(await Wrong("203.0.113.7"));
        Assert.False(await Wrong("203.0.113.8"));
        Assert.True(await Right("203.0.113.9"));
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.False(await waiting[i]);
            Assert.All(waiting.Skip(i + 1), wait => Assert.False(wait.IsCompleted));
        }
    }

    [Fact]
    public async Task The_right_token_costs_nothing_and_gets_in_after_a_second_even_there()
    {
        for (var i = 0; i < 1000; i++)
        {
            Assert.True(await Right("203.0.113.7"));
        }

        for (var i = 0; i < 10; i++)
        {
            Assert.False(await Wrong("203.0.113.7"));
        }

        var right = Right("203.0.113.7");
        Assert.False(right.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await right);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await Right("203.0.113.7"));
    }

    [Fact]
    public async Task Behind_a_trusted_proxy_each_client_is_slowed_for_itself()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.False(await Wrong("127.0.0.1", "203.0.113.7"));
        }

        Assert.False(Wrong("127.0.0.1", "198.51.100.1, 203.0.113.7:99").IsCompleted);
        Assert.True(await Right("127.0.0.1", "203.0.113.8"));
        Assert.True(await Right("127.0.0.1"));
    }

    [Fact]
    public async Task The_addresses_of_one_customer_are_one()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.False(await Wrong($"2001:db8::{i:x}"));
        }

        Assert.False(Wrong("2001:db8::ffff:1:2").IsCompleted);
        Assert.False(await Wrong("2001:db8:0:1::1"));
    }

    [Fact]
    public async Task Who_waits_is_bounded_over_all_addresses()
    {
        var waiting = new List<Task<bool?>>();
        for (var address = 0; address < 100; address++)
        {
            for (var i = 0; i < 15; i++)
            {
                waiting.Add(Wrong($"203.0.113.{address}"));
            }
        }

        Assert.Equal(200, waiting.Count(wait => !wait.IsCompleted));
        _time.Advance(TimeSpan.FromSeconds(5));
        await Task.WhenAll(waiting);
        Assert.Equal((1000 + 200, 300), (waiting.Count(wait => wait.Result == false), waiting.Count(wait => wait.Result is null)));
    }

    [Fact]
    public async Task A_network_of_addresses_guesses_as_eight_do_and_one_that_was_right_there_goes_on()
    {
        Assert.True(await Right("2001:db8:0:ffff::1"));
        var tries = Enumerable.Range(0, 1000).Select(i => Wrong($"2001:db8:0:{i:x}::1")).ToList();
        Assert.Equal(80, tries.Count(one => one is { IsCompleted: true, Result: false }));
        Assert.Equal(8 * 5, tries.Count(one => !one.IsCompleted));
        Assert.True(await Right("2001:db8:0:ffff::1"));
        Assert.True(await Right("2001:db8:1::1"));
    }

    [Fact]
    public async Task Where_the_token_was_right_before_it_finds_room_whoever_waits()
    {
        Assert.True(await Right("203.0.113.200"));
        for (var address = 0; address < 100; address++)
        {
            for (var i = 0; i < 15; i++)
            {
                _ = Wrong($"203.0.113.{address}");
            }
        }

        for (var i = 0; i < 10; i++)
        {
            Assert.False(await Wrong("203.0.113.200"));
        }

        var right = Right("203.0.113.200");
        Assert.False(right.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await right);
    }

    private Task<bool?> Wrong(string peer, string? forwarded = null) => _guesses.Try(Context(peer, forwarded), () => false).AsTask();

    private Task<bool?> Right(string peer, string? forwarded = null) => _guesses.Try(Context(peer, forwarded), () => true).AsTask();

    private static DefaultHttpContext Context(string peer, string? forwarded)
    {
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(peer) } };
        context.Request.Headers["X-Forwarded-For"] = forwarded;
        return context;
    }
}
