using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>One token per scope and cluster, renewed before it expires, dropped when it is refused.</summary>
public sealed class UpstreamTokenGrainTests
{
    private const string Key = "up|repository:a/b:pull";

    private static string Yaml(TokenRegistry registry) => $$"""
        upstreams:
          up: { url: "{{registry.Url}}", allowPrivate: true, credentials: { type: basic, username: me, password: { value: canary } } }
        tenants:
          acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }], access: [{ name: all, who: [anonymous], repositories: ["**"], actions: [pull] }] }
        """;

    [Fact]
    public async Task Five_hundred_callers_of_two_silos_share_one_token_call()
    {
        await using var registry = await TokenRegistry.Start();
        await using var cluster = await GrainCluster.Start(Yaml(registry), silos: 2);
        var results = await Task.WhenAll(
            Enumerable.Range(0, 500).Select(_ => cluster.Client.GetGrain<IUpstreamTokenGrain>(Key).GetToken().AsTask()));
        Assert.All(results, result => Assert.Equal("Bearer t1", result.Token!.Authorization!.Reveal()));
        Assert.Equal(1, registry.Calls);
        Assert.Equal(1, registry.Pings);
    }

    [Fact]
    public async Task A_caller_that_gives_up_leaves_the_call_to_the_others()
    {
        var release = new TaskCompletionSource();
        await using var registry = await TokenRegistry.Start();
        registry.Answer = async (context, _) =>
        {
            await release.Task;
            await context.Response.WriteAsync("""{"token":"t"}""");
        };
        await using var cluster = await GrainCluster.Start(Yaml(registry));
        var grain = cluster.Client.GetGrain<IUpstreamTokenGrain>(Key);
        using var impatient = new CancellationTokenSource();
        var (first, second) = (grain.GetToken(impatient.Token).AsTask(), grain.GetToken().AsTask());
        await Support.Processes.Eventually.True(() => registry.Calls == 1, "the call is under way");
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        release.SetResult();
        Assert.NotNull((await second).Token);
        Assert.Equal(1, registry.Calls);
    }

    [Fact]
    public async Task It_is_renewed_early_and_the_old_token_serves_while_the_endpoint_is_away()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var registry = await TokenRegistry.Start();
        await using var cluster = await GrainCluster.Start(Yaml(registry), time: time);
        var grain = cluster.Client.GetGrain<IUpstreamTokenGrain>(Key);
        var first = (await grain.GetToken()).Token!;
        Assert.InRange((first.RefreshAfter - time.GetUtcNow()).TotalSeconds, 130, 245);
        registry.Answer = (context, _) =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        time.Advance(TimeSpan.FromSeconds(250));
        Assert.Equal("Bearer t1", (await grain.GetToken()).Token!.Authorization!.Reveal());
        await Support.Processes.Eventually.True(() => registry.Calls >= 2, "it asks in the background");
        Assert.Equal("Bearer t1", (await grain.GetToken()).Token!.Authorization!.Reveal());
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(UpstreamFailureKind.Unreachable, (await grain.GetToken()).Failure!.Kind);
    }

    [Fact]
    public async Task A_refused_token_is_replaced_once_for_all_who_met_the_refusal()
    {
        await using var registry = await TokenRegistry.Start();
        await using var cluster = await GrainCluster.Start(Yaml(registry));
        var grain = cluster.Client.GetGrain<IUpstreamTokenGrain>(Key);
        var refused = (await grain.GetToken()).Token!.Generation;
        var replaced = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => grain.Replace(refused).AsTask()));
        Assert.All(replaced, result => Assert.Equal("Bearer t2", result.Token!.Authorization!.Reveal()));
        Assert.Equal(2, registry.Calls);
    }

    [Fact]
    public async Task A_client_cannot_call_what_holds_the_secret()
    {
        await using var registry = await TokenRegistry.Start();
        await using var cluster = await GrainCluster.Start(Yaml(registry));
        var inside = typeof(RegistryProxy.Grains.GrainsExtensions).Assembly.GetTypes()
            .Where(type => type.IsInterface && type.IsNotPublic && typeof(IGrainWithStringKey).IsAssignableFrom(type)).ToList();
        Assert.NotEmpty(inside);
        foreach (var type in inside)
        {
            var grain = cluster.Client.GetGrain(type, "acme/staff/alice");
            foreach (var method in type.GetMethods().Where(method => !method.IsStatic && !IsOneWay(method)))
            {
                var arguments = method.GetParameters()
                    .Select(parameter => parameter.ParameterType.IsValueType ? Activator.CreateInstance(parameter.ParameterType) : null)
                    .ToArray();
                var call = method.Invoke(grain, arguments)!;
                var task = call as Task ?? (Task)call.GetType().GetMethod("AsTask")!.Invoke(call, null)!;
                var refusal = await Assert.ThrowsAnyAsync<Exception>(() => task);
                Assert.Contains("only grains may call", refusal.Message);
            }
        }

        static bool IsOneWay(System.Reflection.MethodInfo method) =>
            method.GetCustomAttributes(typeof(Orleans.Concurrency.OneWayAttribute), false).Length > 0;
    }

    [Fact]
    public async Task Only_configured_places_ever_see_the_credentials()
    {
        await using var foreign = await TokenRegistry.Start();
        await using var registry = await TokenRegistry.Start();
        registry.Realm = $"{foreign.Url}/token";
        await using var cluster = await GrainCluster.Start(Yaml(registry));
        var result = await cluster.Client.GetGrain<IUpstreamTokenGrain>(Key).GetToken();
        Assert.Equal(UpstreamFailureKind.Misconfigured, result.Failure!.Kind);
        Assert.Contains("realms", result.Failure.Message);
        Assert.Equal(0, foreign.Calls + foreign.Pings);
    }

    [Theory]
    [InlineData("""{"token":"has space"}""")]
    [InlineData("""{"token":"a\r\nX-Injected: 1"}""")]
    [InlineData("""{"token":""}""")]
    [InlineData("""{}""")]
    [InlineData("""[1]""")]
    [InlineData("not json")]
    public async Task A_token_endpoint_that_talks_nonsense_is_a_clear_failure(string body)
    {
        await using var registry = await TokenRegistry.Start();
        registry.Answer = (context, _) => context.Response.WriteAsync(body);
        await using var cluster = await GrainCluster.Start(Yaml(registry));
        var result = await cluster.Client.GetGrain<IUpstreamTokenGrain>(Key).GetToken();
        Assert.Contains("'up'", result.Failure!.Message);
        Assert.DoesNotContain("canary", result.Failure.Message);
    }
}
