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
    /// <summary>Where numbers begin that gateways may know higher ones than, since the state was lost with the silos.</summary>
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private string? _kept;
    private TimeSpan _keptAt;

    /// <summary>Under what it is kept.</summary>
    public string Key { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(feed.FileName)))[..32];

    /// <summary>The revision of the first configuration that a cluster follows, if its file has none.</summary>
    public long First => !feed.Local.Current.Configuration.State.Volatile ? 1
        : Math.Max(1, (long)(time.GetUtcNow() - Epoch).TotalMinutes);

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
