using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Network;
using RegistryProxy.Grains.Upstreams;
using RegistryProxy.Grains.Upstreams.Network;
using RegistryProxy.Grains.Upstreams.TokenServices;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>While not everybody knows of an edit a credential is shown to nobody, and nothing is concluded from that.</summary>
public sealed class EditedUpstreamTests : IDisposable
{
    private static readonly UpstreamAuthentication Former = new()
    {
        Challenge = new UpstreamChallenge(UpstreamScheme.Bearer, new Uri("https://former.example/token")),
        Origin = "https://former.example:443", Stamp = "former",
    };

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly EgressProxies _proxies;
    private readonly UpstreamNetworks _networks;
    private readonly CredentialState _state;

    public EditedUpstreamTests()
    {
        var feed = new FixedConfiguration(ConfigurationFile.Parse("""
            upstreams: { up: { url: "https://next.example" } }
            tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }] } }
            """, "config.yaml").Snapshot!);
        _proxies = new EgressProxies(feed, _time, NullLogger<EgressProxies>.Instance);
        _networks = new UpstreamNetworks(feed, _proxies, _time, NullLogger<UpstreamNetworks>.Instance);
        _state = new CredentialState(null!, new TokenExchange(null!, _networks, _time), _time);
    }

    public void Dispose()
    {
        _networks.Dispose();
        _proxies.Dispose();
    }

    [Fact]
    public async Task What_was_not_shown_is_not_proven_nor_is_the_endpoint_found_well()
    {
        var failure = await _state.Endpoint.Check("up", Former);
        Assert.True(failure!.IsOfEdit);
        Assert.False(_state.Endpoint.IsFresh);
        await _state.Trial.Begin(() => Task.FromResult(0));
        var waiting = _state.Trial.Wait().AsTask();
        Assert.False(waiting.IsCompleted);
        Assert.Same(failure, _state.GiveUp(failure));
        await waiting;
        Assert.False(_state.Trial.IsProven);
        Assert.Null(_state.Backoff.Current(_time.GetUtcNow()));
    }

    [Fact]
    public void What_was_proven_stays_so_and_a_failure_stays_one()
    {
        var edited = UpstreamFailure.Edited("up");
        _state.Proved();
        _state.GiveUp(edited);
        Assert.True(_state.Trial.IsProven);

        _state.GiveUp(new UpstreamFailure(UpstreamFailureKind.Unreachable, "away", 0));
        Assert.NotNull(_state.Backoff.Enter(_time.GetUtcNow()));
        _state.GiveUp(edited);
        Assert.NotNull(_state.Backoff.Enter(_time.GetUtcNow()));

        // Whoever tried then has found out nothing: the next one tries at once.
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(_state.Backoff.Enter(_time.GetUtcNow()));
        Assert.NotNull(_state.Backoff.Enter(_time.GetUtcNow()));
        _state.GiveUp(edited);
        Assert.Null(_state.Backoff.Enter(_time.GetUtcNow()));
    }
}
