using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Scale;

/// <summary>What many sessions of one identity ask of the grain that decides about them.</summary>
internal sealed class SessionMeasurement(ScaleCluster cluster)
{
    private const int AtOnce = 16;

    private readonly List<SessionReference> _sessions = [];

    /// <summary>Logs in.</summary>
    public async Task Open(int count)
    {
        while (_sessions.Count < count)
        {
            _sessions.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(AtOnce, count - _sessions.Count)).Select(_ => LogIn())));
        }
    }

    /// <summary>Pulls through so many gateways, each session through one of them: within a lease, and at its end.</summary>
    public async Task<ScaleRow> Pull(ScaleRow row)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var gateways = Enumerable.Range(0, row.Gateways).Select(_ => new DecisionCache(
            ClusterLab.Client(cluster.Grains.Client, new(time), time), new CurrentMap(time), new GatewayOptions(), time)).ToList();
        await PullAll(gateways);
        var calls = Calls;
        await PullAll(gateways);
        var warm = Calls - calls;
        time.Advance(TimeSpan.FromSeconds(60));
        calls = Calls;
        await PullAll(gateways);
        return row with { CallsPerPull = (double)warm / _sessions.Count, RenewalsPerLease = (double)(Calls - calls) / gateways.Count };
    }

    private int Calls => cluster.Calls.Of<ISessionGrain>(nameof(ISessionGrain.Decide), nameof(ISessionGrain.DecideAll));

    private async Task PullAll(List<DecisionCache> gateways)
    {
        var decisions = await Task.WhenAll(_sessions.Select(
            (session, i) => gateways[i % gateways.Count].Get(session, CancellationToken.None).AsTask()));
        Assert.All(decisions, decision => Assert.True(decision!.Open));
    }

    private async Task<SessionReference> LogIn()
    {
        var result = await cluster.Grains.Client.GetGrain<ILoginGrain>(0).Login(new LoginRequest
        {
            Tenant = "t0", Service = "here", Offline = true,
            Credentials = new LoginCredentials(LoginCredentialsKind.Password, "alice", new Secret("pw")),
        });
        Assert.Equal(LoginStatus.Granted, result.Status);
        var claims = new JsonWebToken(result.AccessToken!.Reveal());
        return new SessionReference("t0/staff/alice",
            claims.GetPayloadValue<string>(AccessTokenClaims.Session), claims.GetPayloadValue<long>(AccessTokenClaims.Generation));
    }
}
