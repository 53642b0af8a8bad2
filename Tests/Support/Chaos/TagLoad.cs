using System.Collections.Concurrent;
using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>Moves a tag from one image to another again and again, and asks every gateway after each move what it is.</summary>
internal sealed class TagLoad : IAsyncDisposable
{
    private const string Repository = "chaos/moved";

    private static readonly TestImage[] Images = [TestImage.Build(610, 1000), TestImage.Build(611, 1000)];

    private readonly ChaosCluster _cluster;
    private readonly CancellationTokenSource _enough = new();
    private readonly ConcurrentQueue<string> _faults = new();
    private readonly Task _work;

    private readonly bool _isPersistent;

    private TagLoad(ChaosCluster cluster, bool isPersistent)
    {
        (_cluster, _isPersistent) = (cluster, isPersistent);
        _work = Task.Run(Run);
    }

    /// <summary>How often the tag was moved.</summary>
    public int Moves { get; private set; }

    /// <summary>Pushes that had to be made again.</summary>
    public int Repeated { get; private set; }

    /// <summary>Answers of gateways that were asked.</summary>
    public int Answers { get; private set; }

    /// <summary>Pushes that failed, and answers that were those of before.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    /// <param name="cluster">The cluster.</param>
    /// <param name="isPersistent">Whether a push that fails is made again until it is confirmed, and no fault.</param>
    public static async Task<TagLoad> Start(ChaosCluster cluster, bool isPersistent = false)
    {
        foreach (var image in Images)
        {
            await cluster.Push(Repository, "v1", image);
        }

        return new TagLoad(cluster, isPersistent);
    }

    public async Task Finish()
    {
        await _enough.CancelAsync();
        await _work;
    }

    public async ValueTask DisposeAsync()
    {
        await Finish();
        _enough.Dispose();
    }

    private async Task Run()
    {
        while (!_enough.IsCancellationRequested)
        {
            var image = Images[Moves % 2];
            while (!await TryPush(image) && _isPersistent)
            {
                await Task.Delay(100);
            }

            foreach (var gateway in _cluster.Gateways)
            {
                await Ask(gateway, image);
            }

            Moves++;
            await Task.Delay(100, _enough.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> TryPush(TestImage image)
    {
        try
        {
            using var client = _cluster.Client(ChaosCluster.Publisher);
            using var response = await client.PutManifest(Repository, "v1", image.Manifest);
            return response.StatusCode == HttpStatusCode.Created
                || Failed($"{response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
        catch (Exception fault)
        {
            return Failed(fault.Message);
        }
    }

    private bool Failed(string why)
    {
        if (_isPersistent)
        {
            Repeated++;
        }
        else
        {
            _faults.Enqueue($"push {Moves}: {why}");
        }

        return false;
    }

    /// <summary>One that is being replaced does not answer.</summary>
    private async Task Ask(ChaosMember gateway, TestImage image)
    {
        try
        {
            using var client = new RegistryClient(gateway.DataUrl, ChaosCluster.Publisher, ChaosCluster.PasswordOf(ChaosCluster.Publisher));
            using var response = await client.GetManifest(Repository, "v1");
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return;
            }

            Answers++;
            if (response.Headers.GetValues("Docker-Content-Digest").Single() is var digest && digest != image.Manifest.Digest.Value)
            {
                _faults.Enqueue($"{gateway.Name} has {digest} behind push {Moves}");
            }
        }
        catch (Exception)
        {
            // It is not there.
        }
    }
}
