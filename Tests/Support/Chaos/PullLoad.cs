using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>Many clients that pull one image again and again until they are told to stop; then each finishes the pull it is in.</summary>
internal sealed class PullLoad : IAsyncDisposable
{
    public const string Repository = "chaos/app";
    public const string Tag = "v1";

    private readonly CancellationTokenSource _enough = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly Task _clients;

    private PullLoad(string url, TestImage image, int clients, Func<int, TimeSpan> pause) =>
        _clients = Task.WhenAll(Enumerable.Range(0, clients).Select(number => Task.Run(() => Run(url, image, number, pause(number)))));

    public PullTally Tally { get; } = new();

    /// <summary>An image of ten layers of a size each.</summary>
    public static TestImage Image(int layerBytes) => TestImage.Build(600, [.. Enumerable.Repeat(layerBytes, 9)]);

    /// <param name="url">Where they pull.</param>
    /// <param name="image">What <see cref="Repository"/> holds.</param>
    /// <param name="clients">How many.</param>
    /// <param name="pause">Between two pulls of one client; none when not set.</param>
    public static PullLoad Start(string url, TestImage image, int clients, TimeSpan? pause = null) => new(url, image, clients, _ => pause ?? TimeSpan.Zero);

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

    private async Task Run(string url, TestImage image, int number, TimeSpan pause)
    {
        using var client = new PullClient(url, ChaosCluster.UserName(number), Tally);
        while (!_enough.IsCancellationRequested)
        {
            await client.Pull(Repository, Tag, image, _abandon.Token);
            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, _enough.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
