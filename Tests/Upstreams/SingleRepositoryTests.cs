using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>What is refused for single repositories, which any stranger can name, closes an upstream to nobody else.</summary>
public sealed class SingleRepositoryTests
{
    private const string Basic = "type: basic, username: me, password: { value: canary }";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    private static IUpstreamTokenGrain Token(GrainCluster cluster, string repository) =>
        cluster.Client.GetGrain<IUpstreamTokenGrain>($"up0|repository:{repository}:pull");

    private static ValueTask<UpstreamStatus> Status(GrainCluster cluster) =>
        cluster.Client.GetGrain<IUpstreamStatusGrain>("up0").Describe();

    [Theory]
    [InlineData(429)]
    [InlineData(403)]
    [InlineData(503)]
    public async Task A_registry_that_does_not_say_again_how_it_asks_is_asked_as_it_said(int status)
    {
        await using var registry = await TokenRegistry.Start();
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic), time: _time);
        Assert.NotNull((await Token(cluster, "good/0").GetToken()).Token);
        registry.PingStatus = status;
        for (var i = 1; i < 10; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(11));
            foreach (var name in new[] { $"a{i}", $"b{i}" })
            {
                var refused = (await Token(cluster, name).GetToken()).Token!;
                Assert.True((await Token(cluster, name).Replace(refused.Generation)).Token is { } next
                    && next.Generation != refused.Generation);
            }

            Assert.Equal("closed", (await Status(cluster)).Breaker);
        }

        Assert.Equal(10, registry.Pings);
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(status == 403, (await Token(cluster, "good/1").GetToken()).Token?.Authorization is not null);
    }

    [Fact]
    public async Task A_repository_whose_token_calls_are_throttled_is_left_alone_as_long_as_is_said_and_no_other_one_is()
    {
        await using var registry = await TokenRegistry.Start();
        registry.Answer = async (context, call) =>
        {
            var isBad = context.Request.Query["scope"].ToString().Contains("bad", StringComparison.Ordinal);
            (context.Response.StatusCode, context.Response.Headers.RetryAfter) = (isBad ? 429 : 200, isBad ? "120" : default(string));
            await context.Response.WriteAsync($$"""{"token":"t{{call}}","expires_in":300}""");
        };
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic), time: _time);
        Assert.NotNull((await Token(cluster, "good/0").GetToken()).Token);
        for (var second = 0; second < 119; second++)
        {
            var failure = (await Token(cluster, "bad/app").GetToken()).Failure!;
            Assert.Equal((UpstreamFailureKind.Throttled, 120 - second), (failure.Kind, failure.RetryAfterSeconds));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.NotNull((await Token(cluster, "good/1").GetToken()).Token);

        // The fourth names no repository: it tells whether the service fails for all.
        Assert.Equal(4, registry.Calls);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(204)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(405)]
    public async Task A_registry_that_says_nothing_at_its_root_is_asked_as_its_repositories_say(int status)
    {
        await using var registry = await TokenRegistry.Start();
        registry.PingStatus = status;
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic), time: _time);
        var open = (await Token(cluster, "open").GetToken()).Token!;
        Assert.Null(open.Authorization);
        var asked = await Token(cluster, "closed").GetToken();
        var opened = await Token(cluster, "closed").ReplaceAsked(
            asked.Token!.Generation, [$"Bearer realm=\"{registry.Url}/token\",service=\"here\""], false);
        Assert.StartsWith("Bearer ", opened.Token!.Authorization!.Reveal());
        Assert.Null((await Token(cluster, "open").GetToken()).Token!.Authorization);
        Assert.Equal("closed", (await Status(cluster)).Breaker);
    }

    [Theory]
    [InlineData(403, 403, 200, 3)]
    [InlineData(403, 403, 403, 22)]
    [InlineData(403, 403, 503, 22)]
    [InlineData(403, 200, 200, 21)]
    [InlineData(400, 400, 400, 21)]
    public async Task A_credential_that_was_never_good_is_tried_without_a_scope_when_one_is_refused(
        int scoped, int unscoped, int anonymous, int calls)
    {
        await using var registry = await TokenRegistry.Start();
        registry.Answer = async (context, call) =>
        {
            context.Response.StatusCode = context.Request.Query.ContainsKey("scope") ? scoped
                : context.Request.Headers.ContainsKey("Authorization") ? unscoped : anonymous;
            await context.Response.WriteAsync($$"""{"token":"t{{call}}","expires_in":300}""");
        };
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic), time: _time);
        var refused = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Token(cluster, $"app/{number}").GetToken().AsTask()));
        Assert.All(refused, result => Assert.Contains($"({scoped})", result.Failure!.Message));
        await Eventually.True(() => registry.Calls == calls, "the credential was tried");
        Assert.Equal(calls, registry.Calls);
    }
}
