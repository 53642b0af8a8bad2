using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>No token is signed by a key that gateways were not told of, whatever happens to the ring of keys.</summary>
public sealed class KeyPublicationTests
{
    private static readonly GrainId Snapshot = GrainId.Create("snapshot", "0");
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(15);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly KeyPublication _publication;

    public KeyPublicationTests() => _publication = new KeyPublication(_time);

    [Fact]
    public void A_new_ring_signs_when_every_gateway_has_heard_of_it_and_the_old_keys_stay_published()
    {
        Publish("v1", "a", "a", "b");
        Assert.Equal("a", _publication.Key().Id);
        _publication.Follows("one", "v1");
        _publication.Follows("two", "v1");

        var published = Publish("v2", "x", "x", "y");
        Assert.Equal(["x", "y", "a", "b"], published.TokenKeys.Select(key => key.Id));
        Assert.Equal("a", _publication.Key().Id);
        _publication.Follows("one", "v2");
        Assert.Equal("a", _publication.Key().Id);
        _publication.Follows("two", "v2");
        Assert.Equal("x", _publication.Key().Id);

        _time.Advance(Life + TimeSpan.FromMinutes(4));
        Assert.Equal(["x", "y"], Publish("v3", "x", "x", "y").TokenKeys.Select(key => key.Id));
    }

    [Fact]
    public void A_key_that_was_published_ahead_signs_at_once_and_who_left_is_not_waited_for()
    {
        Publish("v1", "a", "a", "b");
        _publication.Follows("one", "v1");
        Publish("v2", "b", "b", "c");
        Assert.Equal("b", _publication.Key().Id);

        Publish("v3", "x", "x", "y");
        Assert.Equal("b", _publication.Key().Id);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("x", _publication.Key().Id);
    }

    [Fact]
    public async Task After_the_silo_of_the_ring_died_with_its_memory_every_fresh_token_is_good()
    {
        await using var cluster = await GrainCluster.Start(
            """
            state: { volatile: true }
            upstreams: { up: { url: "https://registry.example" } }
            tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }], access: [{ name: all, who: [anonymous], repositories: ["**"], actions: [pull] }] } }
            """,
            silos: 2);
        for (var round = 0; round < 3; round++)
        {
            await Login(cluster);
            await cluster.Replace(round % 2 == 0 ? [ClusterRecord.Keys.Grain, Snapshot] : [Snapshot]);
            for (var i = 0; i < 20; i++)
            {
                var token = await Login(cluster);
                Assert.Contains(token, await Published(cluster));
            }
        }
    }

    private PublishedKeys Publish(string version, string signing, params string[] ids)
    {
        var keys = _publication.Add(new PublishedKeys(string.Join('.', ids), [.. ids.Select(id => new TokenKey(id, "", ""))], []), Life);
        _publication.Publish(version, keys.TokenKeys, new SigningKey(signing, new Secret(""), _time.GetUtcNow().AddSeconds(30)));
        return keys;
    }

    /// <summary>The key of a fresh token.</summary>
    private static async Task<string> Login(GrainCluster cluster)
    {
        var result = await Answer(
            () => cluster.Client.GetGrain<ILoginGrain>(0)
                .Login(new LoginRequest { Tenant = "acme", Service = "here", Credentials = LoginCredentials.Anonymous }));
        Assert.Equal(LoginStatus.Granted, result.Status);
        return new JsonWebToken(result.AccessToken!.Reveal()).Kid;
    }

    private static async Task<List<string>> Published(GrainCluster cluster)
    {
        var gateway = new Gateway();
        var update = await Answer(
            () => cluster.Client.GetGrain<ISnapshotGrain>(0)
                .Follow(cluster.Client.CreateObjectReference<ISnapshotObserver>(gateway), SnapshotPosition.Nothing));
        GC.KeepAlive(gateway);
        return [.. update.Snapshot!.Keys.Select(key => key.Id)];
    }

    /// <summary>As gateways ask: again, while a silo goes or comes.</summary>
    private static async Task<T> Answer<T>(Func<ValueTask<T>> question)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await question();
            }
            catch (Exception fault) when (attempt < 20
                && fault is OrleansMessageRejectionException or SiloUnavailableException or TimeoutException
                    or Orleans.Runtime.Messaging.ConnectionFailedException)
            {
                await Task.Delay(200);
            }
        }
    }

    private sealed class Gateway : ISnapshotObserver
    {
        public Task Changed(SnapshotUpdate update) => Task.CompletedTask;
    }
}
