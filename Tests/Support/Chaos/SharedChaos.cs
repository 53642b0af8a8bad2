using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>Tests that break parts of one cluster, one after the other, with the machine to themselves.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ChaosCollection : ICollectionFixture<SharedChaos>
{
    public const string Name = "chaos";
}

/// <summary>The cluster that they break, with an image of ten layers in it: 11 MB, or 200 MB in the full run.</summary>
public sealed class SharedChaos : IAsyncLifetime
{
    private ChaosCluster? _cluster;

    internal TestImage Image { get; } = PullLoad.Image(Sizes.Of(1_000_000, 22_000_000));

    internal TestImage SmallImage { get; } = TestImage.Build(601, [.. Enumerable.Repeat(10_000, 9)]);

    /// <summary>The cluster, whole.</summary>
    internal async Task<ChaosCluster> Whole()
    {
        if (_cluster is null)
        {
            _cluster = await ChaosCluster.Start();
            await _cluster.Push(PullLoad.Repository, PullLoad.Tag, Image);
            await _cluster.Push(PullLoad.SmallRepository, PullLoad.Tag, SmallImage);
        }

        await _cluster.Revive();
        return _cluster;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }
}
