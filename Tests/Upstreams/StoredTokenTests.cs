using Microsoft.Extensions.DependencyInjection;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Grains.Upstreams.StoredState;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>What a former version kept is used, where it was good for and nowhere else.</summary>
public sealed class StoredTokenTests
{
    [Fact]
    public async Task A_token_that_does_not_say_where_it_is_good_is_good_where_its_stamp_says()
    {
        await using var registry = await TokenRegistry.Start();
        using var folder = new TemporaryFolder();
        var key = Convert.ToBase64String(new byte[32]);
        var yaml = $"state: {{ provider: file, file: {{ path: {folder.Path}/state/ }}, encryptionKeys: [{{ id: k1, key: {{ " +
            $"value: {key} }} }}] }}\n" + PrincipalYaml.Of(registry.Url, "type: basic, username: me, password: { value: canary }");
        var state = ConfigurationFile.Parse(yaml, folder.File("config.yaml")).Snapshot!.Configuration.State;
        IServiceProvider services = null!;
        await using var cluster = await GrainCluster.Start(yaml, state: state, silo: silo => silo.AddStartupTask((silo, _) =>
        {
            services = silo;
            return Task.CompletedTask;
        }));
        var grain = cluster.Client.GetGrain<IUpstreamTokenGrain>("up0|repository:app/1:pull");
        var first = (await grain.GetToken()).Token!;
        var kept = services.GetRequiredService<StateStore>().Open<StoredToken>("token", grain.GetGrainId());
        Assert.Equal(first.Origin, (await kept.Get()).Origin);
        await kept.Change(token => (token! with { Origin = null }, true));
        await services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero);
        var next = (await grain.GetToken()).Token!;
        Assert.Equal((first.Origin, first.Generation, "Bearer t1"), (next.Origin, next.Generation, next.Authorization!.Reveal()));
        Assert.Equal(1, registry.Calls);
    }
}
