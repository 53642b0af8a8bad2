using RegistryProxy.Protocol;

namespace RegistryProxy.Egress;

/// <summary>
/// Lookups of hosts that an upstream leads to by redirects. It can make them up, under as many domains as it likes, so each upstream has so
/// many at once, for as long as they take, whether anybody still waits for them or not.
/// </summary>
internal sealed class RedirectLookups
{
    /// <summary>Hosts that are looked up at once for the redirects of one upstream.</summary>
    public const int MaxAtOnce = 8;

    private readonly Lock _gate = new();
    private readonly Dictionary<HttpOrigin, Dictionary<string, Task>> _running = [];

    /// <summary>Looks a host up, or waits for the lookup that is under way.</summary>
    /// <exception cref="TooManyLookupsException">Too many others of this upstream are looked up.</exception>
    public Task Run(HttpOrigin upstream, string host, Func<Task> lookup, CancellationToken cancellation)
    {
        lock (_gate)
        {
            var hosts = _running.GetValueOrDefault(upstream);
            if (hosts is null || !hosts.TryGetValue(host, out var running))
            {
                if (hosts?.Count >= MaxAtOnce)
                {
                    throw new TooManyLookupsException();
                }

                hosts ??= _running[upstream] = [];
                running = hosts[host] = Task.Run(() => Hold(upstream, host, lookup), CancellationToken.None);
            }

            return running.WaitAsync(cancellation);
        }
    }

    private async Task Hold(HttpOrigin upstream, string host, Func<Task> lookup)
    {
        try
        {
            await lookup();
        }
        finally
        {
            lock (_gate)
            {
                var hosts = _running[upstream];
                hosts.Remove(host);
                if (hosts.Count == 0)
                {
                    _running.Remove(upstream);
                }
            }
        }
    }
}

/// <summary>Nothing was sent, which says nothing of the upstream's health.</summary>
internal sealed class TooManyLookupsException()
    : HttpRequestException("too many redirect targets are being resolved; try again");
