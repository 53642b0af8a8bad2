using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace RegistryProxy.Silo.Storage;

/// <summary>Counts the records of the state at rest by their keys: those that were refused, and those that the last sweep found.</summary>
internal sealed class StateMeter
{
    /// <summary>How many keys are told apart.</summary>
    private const int KeyCapacity = 64;

    private const string Others = "other";

    private readonly ConcurrentDictionary<string, long> _refused;
    private volatile IReadOnlyDictionary<string, long> _found = new Dictionary<string, long>();

    public StateMeter(IMeterFactory meters, StateKeys keys)
    {
        _refused = new(keys.Ids.Select(id => new KeyValuePair<string, long>(id, 0)));
        var meter = meters.Create("RegistryProxy.Silo");
        meter.CreateObservableCounter(
            "registryproxy.state.refused_records", () => Measured(_refused), "{record}",
            "Reads of records of the state at rest that were changed, swapped or encrypted with an unknown key");
        meter.CreateObservableGauge(
            "registryproxy.state.records", () => Measured(_found), "{record}",
            "Records of the state at rest under each key, as the last sweep of this silo found them");
    }

    /// <summary>How many reads were refused.</summary>
    internal long RefusedReads => _refused.Values.Sum();

    /// <summary>A record was refused.</summary>
    /// <param name="keyId">The key that it names; <c>null</c> for none.</param>
    public void Refused(string? keyId) =>
        _refused.AddOrUpdate(keyId is null || (_refused.Count >= KeyCapacity && !_refused.ContainsKey(keyId)) ? Others : keyId, 1,
            static (_, count) => count + 1);

    /// <summary>A sweep has ended.</summary>
    public void Found(IReadOnlyDictionary<string, long> records) => _found = records;

    /// <summary>Adds a record to what a sweep finds.</summary>
    public static void Count(Dictionary<string, long> found, string? keyId)
    {
        var key = keyId is null || (found.Count >= KeyCapacity && !found.ContainsKey(keyId)) ? Others : keyId;
        found[key] = found.GetValueOrDefault(key) + 1;
    }

    private static IEnumerable<Measurement<long>> Measured(IEnumerable<KeyValuePair<string, long>> counts) =>
        counts.Select(count => new Measurement<long>(count.Value, new KeyValuePair<string, object?>("key", count.Key)));
}
