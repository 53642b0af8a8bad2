using Docker.DotNet.Models;
using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Images.Wire;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>
/// How much room images take. kubelet asks often and does not start without an answer, so each sum is kept for a while and made anew behind
/// the back of those who get the old one. The first answer waits for the images a moment, and never for the sizes of containers, for which
/// the engine walks through all that they wrote.
/// </summary>
internal sealed class DockerUsage(DockerStore store, TimeProvider time)
{
    /// <summary>How long the first answer waits for the images.</summary>
    public static readonly TimeSpan FirstImagesTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Serves = TimeSpan.FromSeconds(30);

    /// <summary>So long the engine is left alone when it did not come to an end with the sizes of containers.</summary>
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMinutes(10);

    private readonly Part<string> _root = new(time);
    private readonly Part<Sum> _images = new(time);
    private readonly Part<Sum> _containers = new(time);

    public async Task<ImageFsInfoResponse> Info(CancellationToken cancellation)
    {
        var root = await _root.Get(Root, cancellation);
        _containers.RefreshBehind(Containers);
        var images = await _images.GetWithin(FirstImagesTimeout, Images, cancellation);
        var response = new ImageFsInfoResponse();
        response.ImageFilesystems.Add(Usage(root, images));
        response.ContainerFilesystems.Add(Usage(root, _containers.Known));
        return response;
    }

    private async Task<string> Root() =>
        ImageDisk.Of(await store.Query((client, limit) => client.System.GetSystemInfoAsync(limit), CancellationToken.None));

    private async Task<Sum> Images() => Now(ImageBytes(await store.Query(
        (client, limit) => client.Images.ListImagesAsync(new ImagesListParameters { All = true, SharedSize = true }, limit),
        CancellationToken.None)));

    private async Task<Sum> Containers() => Now((await store.Query(
        (client, limit) => client.Containers.ListContainersAsync(new ContainersListParameters { All = true, Size = true }, limit),
        CancellationToken.None)).Sum(container => container.SizeRw ?? 0));

    private Sum Now(long bytes) => new(bytes, time.GetUtcNow());

    /// <summary>
    /// What each image has for itself, and each size that several share once. Engines before API 1.42 do not say what is shared.
    /// </summary>
    private static long ImageBytes(IList<ImagesListResponse> images) =>
        images.Sum(
            image => image.Size - Math.Max(0, image.SharedSize)) + images.Select(image => Math.Max(0, image.SharedSize)).Distinct().Sum();

    /// <summary>What is not known yet is nothing: kubelet goes by the free room of the disk.</summary>
    private FilesystemUsage Usage(string root, Sum? sum)
    {
        var usage = new FilesystemUsage
        {
            Timestamp = (sum?.At ?? time.GetUtcNow()).ToUnixTimeMilliseconds() * 1_000_000,
            FsId = new FilesystemIdentifier { Mountpoint = root },
            UsedBytes = new UInt64Value { Value = (ulong)Math.Max(0, sum?.Bytes ?? 0) },
        };
        if (Inodes.UsedOn(root) is { } inodes)
        {
            usage.InodesUsed = new UInt64Value { Value = inodes };
        }

        return usage;
    }

    private sealed record Sum(long Bytes, DateTimeOffset At);

    /// <summary>One thing that the engine is asked: what it said last serves while it is asked again, and when it says nothing.</summary>
    private sealed class Part<T>(TimeProvider time)
        where T : class
    {
        private readonly SingleFlight<T> _asking = new();
        private volatile T? _known;
        private volatile bool _hasFailed;
        private long _asked = long.MinValue;

        public T? Known => _known;

        public async Task<T> Get(Func<Task<T>> ask, CancellationToken cancellation)
        {
            var asking = Refresh(ask);
            return _known ?? await asking.WaitAsync(cancellation);
        }

        public async Task<T?> GetWithin(TimeSpan limit, Func<Task<T>> ask, CancellationToken cancellation)
        {
            try
            {
                var asking = Refresh(ask);
                return _known ?? await asking.WaitAsync(limit, time, cancellation);
            }
            catch (TimeoutException)
            {
                return null;
            }
        }

        /// <summary>Has it asked where the last answer is old. The answer that is known, or the one to come.</summary>
        public Task<T> Refresh(Func<Task<T>> ask)
        {
            var known = _known;
            return known is null || time.GetSteadyNow().Ticks - Interlocked.Read(ref _asked) >= Serves.Ticks
                ? _asking.Join(() => Ask(ask)) : Task.FromResult(known);
        }

        /// <summary>The same for what nobody waits for: one that failed is left alone for longer.</summary>
        public void RefreshBehind(Func<Task<T>> ask)
        {
            var (asked, pause) = (Interlocked.Read(ref _asked), _hasFailed ? AfterFailure : Serves);
            if (asked == long.MinValue || time.GetSteadyNow().Ticks - asked >= pause.Ticks)
            {
                _ = _asking.Join(() => Ask(ask));
            }
        }

        private async Task<T> Ask(Func<Task<T>> ask)
        {
            _hasFailed = true;
            try
            {
                _known = await ask();
                _hasFailed = false;
                return _known;
            }
            finally
            {
                Interlocked.Exchange(ref _asked, time.GetSteadyNow().Ticks);
            }
        }
    }
}
