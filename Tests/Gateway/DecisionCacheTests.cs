using System.Reflection;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Gateway;

/// <summary>What sessions may do is used beyond its lease while the cluster is away; that nobody can say is not.</summary>
public sealed class DecisionCacheTests
{
    private static readonly SessionReference Session = new("acme/corp/alice", "s", 1);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly DecisionCache _decisions;
    private SessionDecision? _answer;
    private int _asked;

    public DecisionCacheTests()
    {
        var factory = DispatchProxy.Create<IGrainFactory, Script>();
        ((Script)(object)factory).Answer = name => name == nameof(IGrainFactory.GetGrain) ? Grain() : null;
        _decisions = new DecisionCache(ClusterLab.Client(factory, new Relays(_time), _time), new GatewayOptions(), _time);
    }

    [Fact]
    public async Task That_nobody_can_say_is_kept_for_its_lease_alone()
    {
        var lease = TimeSpan.FromSeconds(5);
        _answer = SessionDecision.Closed with { Unavailable = true, Lease = lease };
        Assert.True((await Get())!.Unavailable);
        Assert.True((await Get())!.Unavailable);
        Assert.Equal(1, _asked);

        _time.Advance(lease);
        _answer = new SessionDecision { Open = true, Lease = lease };
        Assert.True((await Get())!.Open);
        Assert.Equal(2, _asked);
    }

    private ValueTask<SessionDecision?> Get() => _decisions.Get(Session, TestContext.Current.CancellationToken);

    private ISessionGrain Grain()
    {
        var grain = DispatchProxy.Create<ISessionGrain, Script>();
        ((Script)(object)grain).Answer = _ =>
        {
            _asked++;
            return new ValueTask<SessionDecision>(_answer!);
        };
        return grain;
    }

#pragma warning disable CA1852 // DispatchProxy derives from it.
    internal class Script : DispatchProxy
    {
        public Func<string, object?> Answer { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Answer(targetMethod!.Name);
    }
#pragma warning restore CA1852
}
