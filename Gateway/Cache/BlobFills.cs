using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache;

/// <summary>The downloads into the cache that are under way, one for each digest.</summary>
internal sealed class BlobFills
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, BlobFill> _running = [];

    public bool IsRunning(Digest digest)
    {
        lock (_gate)
        {
            return _running.ContainsKey(digest.Value);
        }
    }

    /// <summary>Joins the download of a digest, or begins it; the caller leaves it in the end.</summary>
    public (BlobFill Fill, bool IsNew) Join(Digest digest, Func<BlobFill> make)
    {
        lock (_gate)
        {
            if (_running.TryGetValue(digest.Value, out var running) && running.TryJoin())
            {
                return (running, false);
            }

            var fill = make();
            fill.TryJoin();
            _running[digest.Value] = fill;
            _ = Run(digest, fill);
            return (fill, true);
        }
    }

    private async Task Run(Digest digest, BlobFill fill)
    {
        await fill.Run();
        lock (_gate)
        {
            if (_running.TryGetValue(digest.Value, out var running) && running == fill)
            {
                _running.Remove(digest.Value);
            }
        }

        fill.Dispose();
    }
}
