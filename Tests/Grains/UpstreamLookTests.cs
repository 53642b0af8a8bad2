using System.Reflection;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Silo.Admin.Operations;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>What pages of operators that are open ask of upstreams, in virtual time.</summary>
public sealed class UpstreamLookTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private int _calls;

    [Theory]
    [InlineData(3, 60)]
    [InlineData(100, 30)]
    [InlineData(1000, 6)]
    public async Task However_many_upstreams_there_are_they_are_asked_for_little(int upstreams, int looks)
    {
        var configuration = new FixedConfiguration(ConfigurationFile.Parse(Yaml(upstreams), "/config.yaml").Snapshot!);
        var page = new UpstreamEndpoints(Grains(), configuration, _time);
        for (var second = 0; second < 60; second++)
        {
            Assert.Equal(upstreams, (await page.Describe(CancellationToken.None)).Length);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(_calls / (2 * upstreams), looks / 2, looks);
    }

    private IGrainFactory Grains()
    {
        var factory = DispatchProxy.Create<IGrainFactory, ScriptedSessions.Proxy>();
        var (status, account) = (DispatchProxy.Create<IUpstreamStatusGrain, ScriptedSessions.Proxy>(),
            DispatchProxy.Create<IUpstreamAccountGrain, ScriptedSessions.Proxy>());
        ((ScriptedSessions.Proxy)(object)status).Answer = (_, _) =>
        {
            Interlocked.Increment(ref _calls);
            return new ValueTask<UpstreamStatus>(
                new UpstreamStatus { Upstream = "up", Credential = "none", Scheme = "none", Breaker = "closed" });
        };
        ((ScriptedSessions.Proxy)(object)account).Answer = (_, _) =>
        {
            Interlocked.Increment(ref _calls);
            return new ValueTask<UpstreamAccountStatus>(new UpstreamAccountStatus());
        };
        ((ScriptedSessions.Proxy)(object)factory).AnswerTo = method =>
            method.ReturnType == typeof(IUpstreamStatusGrain) ? status : account;
        return factory;
    }

    private static string Yaml(int upstreams) => string.Join('\n', [
        "upstreams:", .. Enumerable.Range(0, upstreams).Select(number => $"  up{number}: {{ url: \"https://up{number}.example\" }}"),
        "tenants: { acme: { hosts: [\"*\"], routes: [ { prefix: \"\", upstream: up0 } ] } }",
    ]);
}
