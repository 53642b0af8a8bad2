using System.Collections.Concurrent;

namespace RegistryProxy.Gateway.Audit;

/// <summary>
/// Requests that met a limit: of each tenant one a second is written down, with how many there were since the one before.
/// </summary>
internal sealed class LimitedRequests(TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Tally> _tenants = new();

    /// <summary>Counts one; how many there were, when this one is to be written.</summary>
    public int? Count(string tenant)
    {
        var tally = _tenants.GetOrAdd(tenant, static _ => new Tally());
        lock (tally)
        {
            tally.Count++;
            if (time.GetUtcNow() is var now && now < tally.From)
            {
                return null;
            }

            (var count, tally.Count, tally.From) = (tally.Count, 0, now + Pause);
            return count;
        }
    }

    private sealed class Tally
    {
        public int Count { get; set; }

        public DateTimeOffset From { get; set; }
    }
}
