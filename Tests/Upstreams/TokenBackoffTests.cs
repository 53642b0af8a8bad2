using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>
/// What a token endpoint refuses or fails is not asked again and again: per upstream for credentials and outages, per scope for the rest.
/// </summary>
public sealed class TokenBackoffTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    private static IUpstreamTokenGrain Token(GrainCluster cluster, string repository) =>
        cluster.Client.GetGrain<IUpstreamTokenGrain>($"up0|repository:{repository}:pull");

    private static ValueTask<UpstreamStatus> Status(GrainCluster cluster) =>
        cluster.Client.GetGrain<IUpstreamStatusGrain>("up0").Describe();

    private static string Basic(string password = "{ value: canary }") => $"type: basic, username: me, password: {password}";

    private static Func<HttpContext, int, Task> Status(int status) => (context, _) => Task.FromResult(context.Response.StatusCode = status);

    [Fact]
    public async Task A_refused_credential_backs_off_the_whole_upstream_and_an_edit_heals_it()
    {
        await using var registry = await TokenRegistry.Start();
        using var folder = new TemporaryFolder();
        var file = folder.Write("password", "wrong");
        var good = registry.Answer;
        registry.Answer = Status(401);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic($"{{ file: {file} }}")), time: _time);
        for (var i = 0; i < 50; i++)
        {
            Assert.Contains("(401)", (await Token(cluster, $"app/{i}").GetToken()).Failure!.Message);
        }

        Assert.Equal(1, registry.Calls);
        var status = await Status(cluster);
        Assert.Equal("open", status.Breaker);
        Assert.Contains("refuses the configured credentials", status.LastError);
        for (var hour = 0; hour < 60; hour++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            Assert.NotNull((await Token(cluster, $"app/{hour}").GetToken()).Failure);
        }

        Assert.InRange(registry.Calls, 12, 24);
        registry.Answer = good;
        folder.Write("password", "right");
        Assert.NotNull((await Token(cluster, "app/1").GetToken()).Token);
        Assert.Equal("closed", (await Status(cluster)).Breaker);
    }

    [Fact]
    public async Task A_question_with_the_former_password_that_hangs_holds_nobody_who_asks_with_the_new_one()
    {
        await using var registry = await TokenRegistry.Start();
        using var folder = new TemporaryFolder();
        var file = folder.Write("password", "former");
        var good = registry.Answer;
        var asked = new TaskCompletionSource();
        var former = $"Basic {Convert.ToBase64String("me:former"u8)}";
        registry.Answer = (context, number) =>
        {
            if (context.Request.Headers.Authorization != former)
            {
                return good(context, number);
            }

            asked.TrySetResult();
            return Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic($"{{ file: {file} }}")), time: _time);
        var first = Token(cluster, "app/1").GetToken();
        await asked.Task;
        folder.Write("password", "now");
        Assert.NotNull((await Token(cluster, "app/1").GetToken()).Token);
        Assert.NotNull((await Token(cluster, "app/2").GetToken()).Token);
        _time.Advance(TimeSpan.FromSeconds(6));
        await first;
        Assert.NotNull((await Token(cluster, "app/1").GetToken()).Token);
        Assert.Equal("closed", (await Status(cluster)).Breaker);
    }

    [Fact]
    public async Task A_wrong_credential_costs_one_refusal_however_many_repositories_are_asked_for_at_once()
    {
        await using var registry = await TokenRegistry.Start();
        registry.Answer = Status(401);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic()), silos: 2, time: _time);
        var results = await Task.WhenAll(Enumerable.Range(0, 1000).Select(number => Token(cluster, $"app/{number}").GetToken().AsTask()));
        Assert.All(results, result => Assert.Contains("(401)", result.Failure!.Message));
        Assert.Equal(1, registry.Calls);
    }

    [Fact]
    public async Task A_refused_scope_is_about_that_scope_alone()
    {
        await using var registry = await TokenRegistry.Start();
        registry.Answer = async (context, _) =>
        {
            context.Response.StatusCode = context.Request.Query["scope"].ToString().Contains("absent") ? 403 : 200;
            await context.Response.WriteAsync("""{"token":"t","expires_in":300}""");
        };
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic()), time: _time);
        for (var i = 0; i < 20; i++)
        {
            var failure = (await Token(cluster, "absent/app").GetToken()).Failure!;
            Assert.Equal((UpstreamFailureKind.Refused, true), (failure.Kind, failure.IsOfScope));
            Assert.NotNull((await Token(cluster, $"there/{i}").GetToken()).Token);
        }

        Assert.Equal(22, registry.Calls);
        Assert.Equal("closed", (await Status(cluster)).Breaker);
    }

    [Fact]
    public async Task Anonymous_callers_that_get_401_for_one_repository_still_get_tokens_for_others()
    {
        await using var registry = await TokenRegistry.Start();
        registry.Answer = async (context, _) =>
        {
            context.Response.StatusCode = context.Request.Query["scope"].ToString().Contains("private") ? 401 : 200;
            await context.Response.WriteAsync("""{"token":"t","expires_in":300}""");
        };
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, "type: anonymous"), time: _time);
        Assert.NotNull((await Token(cluster, "private/app").GetToken()).Failure);
        Assert.NotNull((await Token(cluster, "public/app").GetToken()).Token);
    }

    [Theory]
    [InlineData(401, 1)]
    [InlineData(401, 100)]
    [InlineData(500, 1)]
    [InlineData(503, 100)]
    [InlineData(429, 1), InlineData(429, 100)]
    [InlineData(200, 1)]
    [InlineData(404, 100)]
    [InlineData(302, 100)]
    public async Task Repositories_that_the_endpoint_fails_for_close_it_to_nobody_else(int status, int bad)
    {
        await using var registry = await TokenRegistry.Start();
        registry.Answer = FailFor("bad", status);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic()), time: _time);
        for (var i = 0; i < 200; i++)
        {
            Assert.NotNull((await Token(cluster, $"good/{i}").GetToken()).Token);
            for (var next = i * 3; next < (i + 1) * 3; next++)
            {
                Assert.NotNull((await Token(cluster, $"bad/{next % bad}").GetToken()).Failure);
            }

            _time.Advance(TimeSpan.FromMilliseconds(200));
        }

        Assert.Equal("closed", (await Status(cluster)).Breaker);
        Assert.InRange(registry.Calls, 201, bad == 1 ? 250 : 900);
    }

    [Fact]
    public async Task The_first_repository_after_a_start_may_be_one_that_the_endpoint_fails_for()
    {
        await using var registry = await TokenRegistry.Start();
        registry.Answer = FailFor("bad", 500);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic()), time: _time);
        Assert.NotNull((await Token(cluster, "bad/app").GetToken()).Failure);
        Assert.NotNull((await Token(cluster, "good/app").GetToken()).Token);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(503)]
    [InlineData(404)]
    public async Task An_endpoint_that_fails_for_a_repository_and_without_one_is_left_alone_until_it_is_well(int status)
    {
        await using var registry = await TokenRegistry.Start();
        registry.Answer = FailFor("bad", status);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic()), time: _time);
        Assert.NotNull((await Token(cluster, "good/0").GetToken()).Token);
        var good = registry.Answer;
        registry.Answer = Status(status);
        Assert.False((await Token(cluster, "bad/1").GetToken()).Failure!.IsOfScope);
        Assert.Equal("open", (await Status(cluster)).Breaker);
        Assert.Equal(3, registry.Calls);
        Assert.NotNull((await Token(cluster, "good/2").GetToken()).Failure);
        Assert.Equal(3, registry.Calls);

        registry.Answer = good;
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull((await Token(cluster, "bad/4").GetToken()).Failure);
        Assert.NotNull((await Token(cluster, "good/3").GetToken()).Token);
        Assert.NotNull((await Token(cluster, "good/2").GetToken()).Token);
        Assert.Equal("closed", (await Status(cluster)).Breaker);
    }

    private static Func<HttpContext, int, Task> FailFor(string name, int status) => async (context, call) =>
    {
        var isBad = context.Request.Query["scope"].ToString().Contains(name, StringComparison.Ordinal);
        context.Response.StatusCode = isBad ? status : 200;
        await context.Response.WriteAsync(isBad ? "no JSON" : $$"""{"token":"t{{call}}","expires_in":300}""");
    };

    [Theory]
    [InlineData(503), InlineData(500)]
    public async Task An_endpoint_that_fails_for_half_a_minute_is_asked_once_a_second_and_is_back_within_two(int status)
    {
        await using var registry = await TokenRegistry.Start();
        var good = registry.Answer;
        registry.Answer = Status(status);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic()), time: _time);
        for (var tick = 0; tick < 300; tick++)
        {
            await Task.WhenAll(Enumerable.Range(0, 10).Select(number => Token(cluster, $"app/{number}").GetToken().AsTask()));
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.InRange(registry.Calls, 10, 50);
        registry.Answer = good;
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull((await Token(cluster, "app/0").GetToken()).Token);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 10).Select(number => Token(cluster, $"app/{number}").GetToken().AsTask())),
            result => Assert.NotNull(result.Token));
    }

    [Fact]
    public async Task A_throttled_endpoint_is_left_alone_as_long_as_it_says()
    {
        await using var registry = await TokenRegistry.Start();
        registry.Answer = (context, _) =>
        {
            (context.Response.StatusCode, context.Response.Headers.RetryAfter) = (429, "120");
            return Task.CompletedTask;
        };
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic()), time: _time);
        for (var second = 0; second < 119; second++)
        {
            var failure = (await Token(cluster, $"app/{second % 7}").GetToken()).Failure!;
            Assert.Equal((UpstreamFailureKind.Throttled, 120 - second), (failure.Kind, failure.RetryAfterSeconds));
            await Eventually.True(async () => (await Status(cluster)).Breaker == "open",
                "it is asked without a repository, and left alone");
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(2, registry.Calls);
    }

    [Fact]
    public async Task A_scope_that_is_refused_with_fresh_tokens_too_is_replaced_ever_less()
    {
        await using var registry = await TokenRegistry.Start();
        registry.Answer = (context, call) => context.Response.WriteAsync($$"""{"token":"t{{call}}","expires_in":3600}""");
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Basic()), time: _time);
        var token = (await Token(cluster, "a/b").GetToken()).Token!;
        Assert.Equal(DateTimeOffset.MinValue, token.ReplaceableFrom);
        List<double> waits = [];
        for (var second = 0; second < 3600; second++)
        {
            var next = (await Token(cluster, "a/b").Replace(token.Generation)).Token!;
            if (next.ReplaceableFrom != token.ReplaceableFrom)
            {
                waits.Add((next.ReplaceableFrom - _time.GetUtcNow()).TotalSeconds);
            }

            Assert.True(next.RefreshAfter <= _time.GetUtcNow().AddSeconds(2) || next.ReplaceableFrom <= _time.GetUtcNow(),
                "gateways ask soon again");
            token = next;
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 300], waits.Take(10));
        Assert.InRange(waits.Count, 17, 21);
        Assert.InRange(registry.Calls, 18, 50);
    }

    [Fact]
    public async Task A_password_by_post_falls_back_to_get()
    {
        await using var registry = await TokenRegistry.Start();
        List<string> asked = [];
        registry.Answer = async (context, _) =>
        {
            var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync() : null;
            asked.Add(form is null
                ? $"GET {context.Request.Query["scope"]} {context.Request.Headers.Authorization}"
                : $"POST {form["grant_type"]} {form["username"]} {form["password"]} {form["service"]} {form["scope"]}");
            context.Response.StatusCode = form is not null && form["scope"].ToString().Contains("old") ? 405 : 200;
            await context.Response.WriteAsync("""{"access_token":"t","expires_in":300}""");
        };
        await using var cluster = await GrainCluster.Start(
            PrincipalYaml.Of(registry.Url, "type: bearer, username: me, password: { value: canary }"), time: _time);
        Assert.NotNull((await Token(cluster, "new/app").GetToken()).Token);
        Assert.NotNull((await Token(cluster, "old/app").GetToken()).Token);
        Assert.Equal(
            ["POST password me canary here repository:new/app:pull", "POST password me canary here repository:old/app:pull",
                "GET repository:old/app:pull Basic bWU6Y2FuYXJ5"], asked);
    }
}
