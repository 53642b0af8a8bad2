using RegistryProxy.Background;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Configuration.Reload;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// What the file of this silo said when the cluster last followed it: kept in the state, so that an edit that comes with a restart names
/// what it follows on.
/// </summary>
internal sealed class FileHistory(RevisionFeed feed, TimeProvider time)
{
    private string? _kept;
    private TimeSpan _keptAt;

    /// <summary>Under what it is kept.</summary>
    public string Key { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(feed.FileName)))[..32];

    /// <summary>
    /// The revision of the first configuration that a cluster follows, if its file has none: the seconds since 1970. When the state is
    /// lost, gateways know the former one, and go to no lower one.
    /// </summary>
    public long First => time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Tells the feed what is kept.</summary>
    public async ValueTask Recall(ISiloFileGrain file)
    {
        if (_kept is null && (await file.Get()) is { } former)
        {
            feed.Recall(former);
        }
    }

    /// <summary>Keeps what is in force, again before it ends.</summary>
    public async ValueTask Keep(ISiloFileGrain file, string? content)
    {
        if (content is not null && (content != _kept || time.GetSteadyNow() - _keptAt >= SiloFileState.Life / 4))
        {
            await file.Keep(content);
            (_kept, _keptAt) = (content, time.GetSteadyNow());
        }
    }
}
