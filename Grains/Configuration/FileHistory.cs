using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Background;
using RegistryProxy.Configuration.Reload;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// What the file of this silo said when the cluster last followed it: kept in the state, so that an edit that comes with a restart names
/// what it follows on.
/// </summary>
internal sealed class FileHistory(RevisionFeed feed, FileSeries series, TimeProvider time)
{
    private string? _kept;
    private string? _seen;
    private TimeSpan _keptAt;

    /// <summary>Under what it is kept.</summary>
    public string Key { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(series.Name)))[..32];

    /// <summary>
    /// The revision of the first configuration that a cluster follows, if its file has none: the seconds since 1970. When the state is
    /// lost, gateways know the former one, and go to no lower one.
    /// </summary>
    public long First => time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>At the start: tells the feed what is kept.</summary>
    public async ValueTask Recall(ISiloFileGrain file)
    {
        var former = series.IsShared ? await See(file) : await file.Get();
        if (_kept is null && former is not null)
        {
            feed.Recall(former);
        }
    }

    /// <summary>Keeps what is in force, again before it ends, and of files that others have too, what they say now.</summary>
    public async ValueTask Keep(ISiloFileGrain file)
    {
        var (content, isInForce) = feed.Own;
        if (content is not null && isInForce && (content != _kept || time.GetSteadyNow() - _keptAt >= SiloFileState.Life / 4))
        {
            await file.Keep(content);
            (_kept, _keptAt) = (content, time.GetSteadyNow());
        }
        else if (series.IsShared && !isInForce)
        {
            await See(file);
        }
    }

    private async ValueTask<string?> See(ISiloFileGrain file)
    {
        if (feed.Own.Content is not { } content || content == _seen)
        {
            return null;
        }

        var former = await file.See(content);
        _seen = content;
        return former;
    }
}
