using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>What comes late of a question that was asked with a former credential changes nothing of the one that is used now.</summary>
public sealed class EditedCredentialTests : IDisposable
{
    private static readonly string Former = $"Basic {Convert.ToBase64String("me:former"u8)}";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly TemporaryFolder _folder = new();
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile int _status = 200;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_late_grant_of_a_former_credential_does_not_replace_a_newer_one()
    {
        await using var registry = await Registry();
        await using var cluster = await Cluster(registry);
        var former = await Query(cluster);
        Edit();
        Assert.Equal("Bearer now", await Granted(cluster));
        _release.SetResult(200);
        Assert.Equal("Bearer former", (await former).Token!.Authorization!.Reveal());
        Assert.Equal("Bearer now", await Granted(cluster));
        Assert.Equal(2, registry.Calls);
    }

    [Fact]
    public async Task A_late_success_of_a_former_credential_does_not_hide_that_the_one_now_is_refused()
    {
        await using var registry = await Registry();
        await using var cluster = await Cluster(registry);
        var former = await Query(cluster);
        Edit();
        _status = 401;
        Assert.NotNull((await Token(cluster, "app/2").GetToken()).Failure);
        var before = await Status(cluster);
        Assert.Equal(("open", "refused"), (before.Breaker, before.State));
        _release.SetResult(200);
        Assert.NotNull((await former).Token);
        Assert.Equal(before with { Troubles = [] }, await Status(cluster) with { Troubles = [] });
        Assert.NotNull((await Token(cluster, "app/1").GetToken()).Failure);
        Assert.NotNull((await Token(cluster, "app/3").GetToken()).Failure);
        Assert.Equal(2, registry.Calls);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_late_failure_of_a_former_credential_is_none_of_the_one_now(int status)
    {
        await using var registry = await Registry();
        await using var cluster = await Cluster(registry);
        var former = await Query(cluster);
        Edit();
        Assert.Equal("Bearer now", await Granted(cluster));
        var before = await Status(cluster);
        Assert.Equal(("closed", "healthy", null), (before.Breaker, before.State, before.LastError));
        _release.SetResult(status);
        Assert.NotNull((await former).Failure);
        Assert.Equal(before with { Troubles = [] }, await Status(cluster) with { Troubles = [] });
        Assert.Equal("Bearer now", await Granted(cluster));
        Assert.NotNull((await Token(cluster, "app/2").GetToken()).Token);
        Assert.Equal(3, registry.Calls);
    }

    [Fact]
    public async Task A_password_that_is_changed_while_a_token_of_the_former_one_is_refused_holds_nobody()
    {
        await using var registry = await TokenRegistry.Start();
        await using var cluster = await Cluster(registry);
        var refused = (await Token(cluster, "app/1").GetToken()).Token!;
        Edit();
        string[] asks = [$"Bearer realm=\"{registry.Url}/token\",service=\"here\""];
        var next = Token(cluster, "app/1").ReplaceAsked(refused.Generation, asks, wasAccepted: false).AsTask();
        var other = Token(cluster, "app/2").GetToken().AsTask();

        // The time stands still: whoever waits for it waits for ever.
        var results = await Task.WhenAll(next, other).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.All(results, result => Assert.NotNull(result.Token));
        Assert.Equal(3, registry.Calls);
    }

    [Fact]
    public void Each_of_the_last_credentials_has_a_state_of_its_own()
    {
        var states = new PerStamp<object>(() => new object());
        var first = states.Of("first");
        for (var i = 0; i < 100; i++)
        {
            Assert.Same(states.Of($"{i}"), states.Of($"{i}"));
            Assert.NotSame(first, states.Of($"{i}"));
            Assert.Same(first, states.Of("first"));
        }

        for (var i = 0; i < PerStamp<object>.MaxKept; i++)
        {
            states.Of($"{i}");
        }

        Assert.NotSame(first, states.Of("first"));
    }

    private static IUpstreamTokenGrain Token(GrainCluster cluster, string repository) =>
        cluster.Client.GetGrain<IUpstreamTokenGrain>($"up0|repository:{repository}:pull");

    private static ValueTask<UpstreamStatus> Status(GrainCluster cluster) =>
        cluster.Client.GetGrain<IUpstreamStatusGrain>("up0").Describe();

    private static async Task<string> Granted(GrainCluster cluster) =>
        (await Token(cluster, "app/1").GetToken()).Token!.Authorization!.Reveal();

    /// <summary>Asks with the former password, and leaves the answer out.</summary>
    private async Task<Task<UpstreamTokenResult>> Query(GrainCluster cluster)
    {
        var former = Token(cluster, "app/1").GetToken().AsTask();
        await _asked.Task;
        return former;
    }

    private string Edit() => _folder.Write("password", "now");

    private async Task<TokenRegistry> Registry()
    {
        var registry = await TokenRegistry.Start();
        registry.Answer = async (context, _) =>
        {
            var isFormer = context.Request.Headers.Authorization == Former;
            if (isFormer)
            {
                _asked.TrySetResult();
            }

            context.Response.StatusCode = isFormer ? await _release.Task : _status;
            await context.Response.WriteAsync($$"""{"token":"{{(isFormer ? "former" : "now")}}","expires_in":300}""");
        };
        return registry;
    }

    private Task<GrainCluster> Cluster(TokenRegistry registry) => GrainCluster.Start(
        PrincipalYaml.Of(registry.Url,
            $"type: basic, username: me, password: {{ file: {_folder.Write("password", "former")} }}"), time: _time);
}
