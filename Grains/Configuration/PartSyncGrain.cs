using System.Collections.Concurrent;
using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Files;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Keeps the texts of the files beside the main one that are in use, and gives the kept ones to a silo that has none. Public, since it
/// tells nothing and takes nothing.
/// </summary>
[Version(0), Alias("rp.IPartSyncGrain"), SilosAlone]
public interface IPartSyncGrain : IGrainWithIntegerKey
{
    /// <summary>Does what is to be done for the silo that it runs on; returns how much is left for the next time.</summary>
    [Alias("Sync"), ResponseTimeout("00:01:00")]
    ValueTask<int> Sync();
}

/// <summary>Runs on the silo that asks: a stateless worker is always local.</summary>
[StatelessWorker(1), GrainType("partsync")]
internal sealed class PartSyncGrain(IConfigurationFeed configuration, LocalFiles local, KeptParts kept) : Grain, IPartSyncGrain
{
    /// <summary>How many are asked for or kept at the same time.</summary>
    private const int AtOnce = 8;

    /// <summary>How many are kept in one turn.</summary>
    private const int MaxTurn = 200;

    public async ValueTask<int> Sync()
    {
        await Restore();
        if (configuration is RevisionFeed { Settled.IsCompleted: false })
        {
            // What the cluster follows may be newer than what is here.
            return 1;
        }

        var current = configuration.Current;
        List<KeyedPart> parts = [.. current.Parts.Select(part => new KeyedPart(KeyOf(part.Name, current.Configuration), part))];
        kept.Only(parts);
        var news = parts.Where(kept.IsNews).ToList();
        foreach (var some in news.Take(MaxTurn).Chunk(AtOnce))
        {
            await Task.WhenAll(some.Select(Keep));
        }

        return Math.Max(0, news.Count - MaxTurn);
    }

    private async Task Restore()
    {
        if (local.Watcher is not { Current.Missing.Count: > 0 } watcher)
        {
            return;
        }

        List<PartText> found = [];
        var known = watcher.Current.Configuration;
        foreach (var some in watcher.Current.Sought.ToList().Chunk(AtOnce))
        {
            found.AddRange((await Task.WhenAll(some.Select(name => Find(name, KeyOf(name, known))))).OfType<PartText>());
        }

        if (found.Count > 0)
        {
            watcher.Restore(found);
        }
    }

    /// <summary>
    /// Under what a part is kept. The text of a tenant is for its hosts: another tenant that gets its name later gets nothing of it.
    /// </summary>
    internal static string KeyOf(string name, FrontDoorConfiguration configuration) =>
        PartText.TenantOf(name) is { } owner && configuration.Tenants.GetValueOrDefault(owner) is { } tenant
            ? $"{name}@{ShortHash.Of(tenant.Hosts.Order(StringComparer.Ordinal))}" : name;

    private async Task<PartText?> Find(string name, string key) =>
        await GrainFactory.GetGrain<IConfigurationPartGrain>(key).Get() is { } part && part.Name == name
            ? new PartText(part.Name, part.File, part.Text) : null;

    private async Task Keep(KeyedPart one)
    {
        var part = one.Part;
        await GrainFactory.GetGrain<IConfigurationPartGrain>(one.Key).Keep(new ClusterPart(part.Name, part.File, part.Text));
        kept.Add(one);
    }
}

/// <summary>A part, and under what it is kept.</summary>
internal sealed record KeyedPart(string Key, PartText Part);

/// <summary>The files of this silo; none for the built-in configuration.</summary>
internal sealed record LocalFiles(ConfigurationWatcher? Watcher);

/// <summary>What this silo has said to be in use, and when.</summary>
internal sealed class KeptParts(TimeProvider time)
{
    /// <summary>After so long it is said again, so that it does not end.</summary>
    public static readonly TimeSpan Renewal = PartState.Life / 4;

    private readonly ConcurrentDictionary<string, (string Hash, TimeSpan At)> _parts = new();

    public bool IsNews(KeyedPart one) =>
        !_parts.TryGetValue(one.Key, out var said) || said.Hash != one.Part.Hash || time.GetSteadyNow() - said.At >= Renewal;

    public void Add(KeyedPart one) => _parts[one.Key] = (one.Part.Hash, time.GetSteadyNow());

    /// <summary>Forgets all others.</summary>
    public void Only(IReadOnlyList<KeyedPart> parts)
    {
        foreach (var gone in _parts.Keys.Except(parts.Select(one => one.Key)).ToList())
        {
            _parts.TryRemove(gone, out _);
        }
    }
}
