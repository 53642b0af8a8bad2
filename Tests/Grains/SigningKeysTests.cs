using System.Reflection;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Grains;

/// <summary>Nobody signs by a key that another ring may have replaced, and a slow answer is waited for.</summary>
public sealed class SigningKeysTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private Func<Task<SigningKey>> _answer = null!;
    private int _asked;

    [Theory]
    [InlineData("state: { volatile: true }")]
    [InlineData("state: { provider: redis, redis: { connection: \"127.0.0.1:1\" }, encryptionKeys: [{ id: k2, key: { value: " +
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= } }], discardKeys: [k1] }")]
    public async Task A_key_that_may_have_been_replaced_waits_for_who_publishes_it(string state)
    {
        var keys = Keys(state);
        _answer = () => Task.FromResult(Key("old"));
        Assert.Equal("old", (await keys.Current()).Id);
        var taken = new TaskCompletionSource<SigningKey>();
        _answer = () => taken.Task;
        var signing = Enumerable.Range(0, 10).Select(_ => keys.Current().AsTask()).ToList();
        await _time.Pass(TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(500));
        Assert.All(signing, one => Assert.False(one.IsCompleted));
        taken.SetResult(Key("new"));
        Assert.All(await Task.WhenAll(signing), key => Assert.Equal("new", key.Id));
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task A_key_of_a_ring_that_is_kept_goes_on_while_nobody_answers()
    {
        var keys = Keys("");
        _answer = () => Task.FromResult(Key("old"));
        await keys.Current();
        _answer = () => new TaskCompletionSource<SigningKey>().Task;
        _time.Advance(TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(1));
        Assert.Equal("old", (await keys.Current()).Id);
        Assert.Equal(1, _asked);
        _time.Advance(TimeSpan.FromTicks(1));
        var signing = keys.Current().AsTask();
        Assert.False(signing.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("old", (await signing).Id);
    }

    [Fact]
    public async Task Who_does_not_answer_in_time_is_asked_again()
    {
        var keys = Keys("");
        _answer = () => Task.FromException<SigningKey>(new TimeoutException());
        var signing = keys.Current().AsTask();
        _answer = () => Task.FromResult(Key("late"));
        await Eventually.True(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(250));
                return signing.IsCompleted;
            },
            "the second answer counts");
        Assert.Equal("late", (await signing).Id);
    }

    [Fact]
    public async Task Who_gives_up_leaves_the_question_to_the_others()
    {
        var keys = Keys("");
        var answer = new TaskCompletionSource<SigningKey>();
        _answer = () => answer.Task;
        using var impatient = new CancellationTokenSource();
        var (first, second) = (keys.Current(impatient.Token).AsTask(), keys.Current().AsTask());
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        answer.SetResult(Key("late"));
        Assert.Equal("late", (await second).Id);
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task Neither_does_who_seals_or_looks_at_a_seal_wait_longer_than_it_says()
    {
        var factory = DispatchProxy.Create<IGrainFactory, Factory>();
        ((Factory)(object)factory).Grain = DispatchProxy.Create<IKeyRingGrain, SilentRing>();
        var seal = new RoutingSeal(new RingKeys(factory, _time));
        using var impatient = new CancellationTokenSource();
        var (writing, reading) = (seal.Write("kind", "key", impatient.Token).AsTask(),
            seal.IsGood(new string('A', RoutingSeal.TextLength), "kind", "key", impatient.Token).AsTask());
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    private SigningKeys Keys(string state)
    {
        using var folder = new TemporaryFolder();
        var result = ConfigurationFile.Read(folder.Write("config.yaml", $$"""
            upstreams: { up: { url: "https://registry.example" } }
            tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }] } }
            {{state}}
            """));
        Assert.True(result.Snapshot is not null, string.Join('\n', result.Errors));
        var factory = DispatchProxy.Create<IGrainFactory, Factory>();
        ((Factory)(object)factory).Grain = new Publisher(this);
        return new SigningKeys(factory, new FixedConfiguration(result.Snapshot), _time);
    }

    private SigningKey Key(string id) => new(id, new Secret(""), _time.GetUtcNow().AddSeconds(30));

    private sealed class Publisher(SigningKeysTests test) : IPublishedKeyGrain
    {
        public ValueTask<SigningKey> GetSigningKey()
        {
            test._asked++;
            return new(test._answer());
        }
    }

#pragma warning disable CA1852 // DispatchProxy derives from it.
    internal class Factory : DispatchProxy
    {
        public object Grain { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Grain;
    }

    internal class SilentRing : DispatchProxy
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            new ValueTask<PublishedKeys>(new TaskCompletionSource<PublishedKeys>().Task);
    }
#pragma warning restore CA1852
}
