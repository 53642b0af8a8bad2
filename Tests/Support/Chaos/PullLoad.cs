using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>Many clients that pull one image again and again until they are told to stop; then each finishes the pull it is in.</summary>
internal sealed class PullLoad : IAsyncDisposable
{
    public const string Repository = "chaos/app";

    /// <summary>Holds the image that shows how long answers take rather than how many bytes there are in a second.</summary>
    public const string SmallRepository = "chaos/small";

    public const string Tag = "v1";

    private readonly CancellationTokenSource _enough = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly Task _clients;

    private PullLoad(string url, string repository, TestImage image, int clients, TimeSpan pause) =>
        _clients = Task.WhenAll(Enumerable.Range(0, clients).Select(number => Task.Run(() => Run(url, repository, image, number, pause))));

    public PullTally Tally { get; } = new();

    /// <summary>An image of ten layers of a size each.</summary>
    public static TestImage Image(int layerBytes) => TestImage.Build(600, [.. Enumerable.Repeat(layerBytes, 9)]);

    /// <summary>Clients that pull as fast as they can.</summary>
    internal static PullLoad Start(ChaosCluster cluster, SharedChaos chaos, int clients) =>
        new(cluster.Balancer.Url, Repository, chaos.Image, clients, TimeSpan.Zero);

    /// <summary>Clients that log in and pull a small image, and pause.</summary>
    internal static PullLoad StartSmall(ChaosCluster cluster, SharedChaos chaos, int clients, TimeSpan pause) =>
        new(cluster.Balancer.Url, SmallRepository, chaos.SmallImage, clients, pause);

    /// <summary>No new pulls; waits for those that run.</summary>
    public async Task<PullTally> Finish()
    {
        await _enough.CancelAsync();
        await _clients.WaitAsync(TimeSpan.FromMinutes(8));
        return Tally;
    }

    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        await _abandon.CancelAsync();
        try
        {
            await _clients;
        }
        catch (OperationCanceledException)
        {
            // Abandoned.
        }

        _enough.Dispose();
        _abandon.Dispose();
    }

    private async Task Run(string url, string repository, TestImage image, int number, TimeSpan pause)
    {
        using var client = new PullClient(url, ChaosCluster.UserName(number), Tally);
        while (!_enough.IsCancellationRequested)
        {
            await client.Pull(repository, Tag, image, _abandon.Token);
            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, _enough.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
