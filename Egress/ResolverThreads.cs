using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Egress;

/// <summary>
/// Lookups by the system's resolver, which holds a thread until a name server has answered or was given up: on threads of their own, and so
/// many at once that names whose servers never answer take them from nobody else. Names of one domain share a part of them.
/// </summary>
internal sealed class ResolverThreads(Func<string, AddressFamily, IPAddress[]> resolve, TimeProvider time)
{
    /// <summary>Lookups at once.</summary>
    public const int MaxAtOnce = 64;

    /// <summary>Lookups at once of names that end in the same two labels.</summary>
    public const int MaxOfDomain = 16;

    /// <summary>How long a lookup waits for its thread.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _ofDomain = new(StringComparer.OrdinalIgnoreCase);
    private int _all;

    /// <summary>Looks a host up.</summary>
    /// <exception cref="SocketException">It has no address of this family, or too many others are looked up.</exception>
    public async Task<IPAddress[]> Resolve(string host, AddressFamily family)
    {
        var (domain, began) = (DomainOf(host), time.GetTimestamp());
        while (!TryTake(domain))
        {
            if (time.GetElapsedTime(began) >= MaxWait)
            {
                throw new SocketException((int)SocketError.TryAgain);
            }

            await Task.Delay(Pause, time);
        }

        return await Task.Factory.StartNew(
            () => Run(host, family, domain), default, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private static string DomainOf(string host)
    {
        var name = host.TrimEnd('.');
        var last = name.LastIndexOf('.');
        return last <= 0 ? name : name[(name.LastIndexOf('.', last - 1) + 1)..];
    }

    private IPAddress[] Run(string host, AddressFamily family, string domain)
    {
        try
        {
            return resolve(host, family);
        }
        finally
        {
            Release(domain);
        }
    }

    private bool TryTake(string domain)
    {
        lock (_gate)
        {
            var running = _ofDomain.GetValueOrDefault(domain);
            if (_all == MaxAtOnce || running == MaxOfDomain)
            {
                return false;
            }

            (_all, _ofDomain[domain]) = (_all + 1, running + 1);
            return true;
        }
    }

    private void Release(string domain)
    {
        lock (_gate)
        {
            _all--;
            if (_ofDomain[domain] == 1)
            {
                _ofDomain.Remove(domain);
            }
            else
            {
                _ofDomain[domain]--;
            }
        }
    }
}
