using System.Buffers.Text;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams;
using RegistryProxy.Grains.Upstreams.Accounts;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>Whatever number an upstream writes, it is a wait, a life or a count within bounds, or nothing.</summary>
public sealed class HostileNumberTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new(Now);

    public static TheoryData<string> Numbers => [.. OddNumbers.All];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Waits_are_between_nothing_and_an_hour(string number)
    {
        foreach (var name in new[] { "Retry-After", "X-Retry-After" })
        {
            using var response = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
            response.Headers.TryAddWithoutValidation(name, number);
            response.Headers.TryAddWithoutValidation("Date", number);
            foreach (var now in new[] { Now, DateTimeOffset.MinValue, DateTimeOffset.MaxValue })
            {
                Assert.True(RetryAfter.Of(response, now) is not { } wait || (wait >= TimeSpan.Zero && wait <= TimeSpan.FromHours(1)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Nobody_is_given_less_than_nothing_or_more_than_he_wants(string number)
    {
        using var response = new HttpResponseMessage();
        response.Headers.TryAddWithoutValidation("RateLimit-Limit", $"{number};w={number}");
        response.Headers.TryAddWithoutValidation("RateLimit-Remaining", $"{number};w={number}");
        if (!RateLimitHeaders.TryRead(response, out var limit, out var remaining, out var window))
        {
            return;
        }

        var ledger = new RequestLedger(_time);
        ledger.Note(new RateLimitSighting(limit, remaining, window), 7);
        for (var i = 0; i < 10; i++)
        {
            var lease = ledger.Lease(new LeaseRequest("g", 20, 20, i), 3);
            Assert.InRange(lease.Permits, 0, 20);
            Assert.InRange(lease.RetryAfter, TimeSpan.Zero, TimeSpan.FromMinutes(1));
            _time.Advance(TimeSpan.FromSeconds(3));
        }
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void A_token_lives_between_a_minute_and_an_hour_whatever_is_said_of_it(string number)
    {
        foreach (var value in new[] { number, $"\"{number}\"", "{}", "[1]", "true", "null" })
        {
            foreach (var token in new[] { "t", Jwt($$"""{"exp":{{value}},"nbf":{{value}},"iat":{{value}}}""") })
            {
                if (Read($$"""{"token":"{{token}}","expires_in":{{value}},"refresh_expires_in":{{value}}}""") is { } reply)
                {
                    Assert.Equal(token, reply.Bearer());
                    Assert.InRange(BearerToken.LifeOf(reply, Now), TimeSpan.FromSeconds(54), TimeSpan.FromMinutes(54));
                    Assert.InRange(BearerToken.LifeOf(reply with { ExpiresIn = null }, Now), TimeSpan.FromSeconds(54),
                        TimeSpan.FromMinutes(54));
                }
            }
        }
    }

    [Fact]
    public void Seconds_are_read_as_services_write_them()
    {
        Assert.Equal(
            [300, 300, 299, 300, int.MaxValue, int.MinValue, null, null, null],
            new[] { "300", "300.0", "299.9", "\"300\"", "1e12", "-1e12", "\"soon\"", "[]",
                "null" }.Select(value => Read($$"""{"expires_in":{{value}}}""")!.ExpiresIn));
    }

    [Fact]
    public void A_moment_beyond_all_is_the_last_or_the_first()
    {
        Assert.Equal(Now, UnixTime.OfSeconds(Now.ToUnixTimeSeconds()));
        Assert.Equal(9999, UnixTime.OfSeconds(long.MaxValue).Year);
        Assert.Equal(1, UnixTime.OfSeconds(long.MinValue).Year);
        Assert.Equal(9999, UnixTime.OfSeconds(double.PositiveInfinity).Year);
        Assert.Equal(1, UnixTime.OfMilliseconds(long.MinValue).Year);
        Assert.Equal(Now.AddSeconds(-5), UnixTime.After(Now, -5));
        Assert.Equal(Now.AddTicks(7).AddSeconds(5), UnixTime.After(Now.AddTicks(7), 5));
        Assert.Equal(9999, UnixTime.After(Now, long.MaxValue).Year);
        Assert.Equal(1, UnixTime.After(Now, long.MinValue).Year);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(401)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_token_service_that_writes_them_is_answered_with_a_failure_or_a_grant_and_nobody_waits(int status)
    {
        await using var registry = await TokenRegistry.Start();
        registry.Answer = async (context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers["X-Retry-After"] = "999999999999";
            await context.Response.WriteAsync("""{"token":"t","expires_in":99999999999}""");
        };
        await using var cluster = await GrainCluster.Start(
            PrincipalYaml.Of(registry.Url, "type: basic, username: me, password: { value: canary }"), time: _time);
        for (var i = 0; i < 3; i++)
        {
            var result = await cluster.Client.GetGrain<IUpstreamTokenGrain>($"up0|repository:app/{i}:pull").GetToken();
            Assert.Equal(status == 200, result.Token is not null);
            Assert.DoesNotContain("invalid token response", result.Failure?.Message ?? "");
        }

        // Who limits or fails for one is asked without a repository before all are kept from it.
        Assert.InRange(registry.Calls, status == 200 ? 3 : 1, status == 200 ? 3 : 2);
    }

    [Fact]
    public async Task A_trial_ends_whatever_is_thrown()
    {
        var gate = new FirstUseGate(_time);
        var fault = new InvalidOperationException("of our own");
        Assert.Same(fault, await Assert.ThrowsAsync<InvalidOperationException>(() => gate.Begin(() => Task.FromException<int>(fault))));
        await gate.Wait();
        await Assert.ThrowsAsync<InvalidOperationException>(() => gate.Begin<int>(() => throw fault));
        await gate.Wait();
        Assert.False(gate.IsProven);
    }

    private static TokenReply? Read(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, TokenReplyJson.Default.TokenReply);
        }
        catch (JsonException)
        {
            // No JSON at all.
            return null;
        }
    }

    private static string Jwt(string payload) =>
        $"{Base64Url.EncodeToString("""{"alg":"none"}"""u8)}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}.";
}
