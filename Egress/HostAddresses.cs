using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using RegistryProxy.Background;

namespace RegistryProxy.Egress;

/// <summary>
/// The addresses of hosts, both families asked for at once (RFC 8305 §3). A lookup ends for itself, not with the request that wanted it,
/// and what it found is used on while it is renewed: a name server that is slow, or dead for one family, delays one request at most.
/// </summary>
internal sealed class HostAddresses(Func<string, AddressFamily, Task<IPAddress[]>> resolve, TimeProvider time)
{
    /// <summary>Hosts whose addresses are kept.</summary>
    public const int MaxHosts = 1_000;

    /// <summary>How long addresses are used before they are looked up again behind the requests that use them.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);

    /// <summary>How long they are used at all.</summary>
    public static readonly TimeSpan Usable = TimeSpan.FromMinutes(5);

    /// <summary>How long a lookup may take: two name servers that are asked twice for five seconds each, its turn, and a moment.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(23);

    /// <summary>How long the answer of one family waits for that of the other (RFC 8305 §3, Resolution Delay).</summary>
    private static readonly TimeSpan ResolutionDelay = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<string, Entry> _hosts = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Those of this process, from the system's resolver. The runtime's asynchronous lookups of one name wait for each other.
    /// </summary>
    public static HostAddresses System { get; } = new(
        new ResolverThreads(Dns.GetHostAddresses, TimeProvider.System).Resolve, TimeProvider.System);

    /// <summary>Whether nobody has to wait for the addresses of a host.</summary>
    public bool IsKnown(string host) => _hosts.TryGetValue(host, out var known) && known.Addresses is not null
        && time.GetElapsedTime(known.At) < Usable;

    /// <summary>The addresses of a host, as they were found; those of a literal are itself.</summary>
    /// <exception cref="SocketException">The host has none, or no name server answered.</exception>
    public ValueTask<IPAddress[]> Get(string host, CancellationToken cancellation)
    {
        if (_hosts.TryGetValue(host, out var known) && known.Addresses is { } addresses && time.GetElapsedTime(known.At) is var age
            && age < Usable)
        {
            if (age >= Fresh)
            {
                _ = Renew(known);
            }

            return new(addresses);
        }

        return IPAddress.TryParse(host, out var literal)
            ? new([literal])
            : new((known ?? Added(host)).Lookup(Find).WaitAsync(cancellation));
    }

    /// <summary>
    /// None of these addresses could be reached: those of the family that has yet to be answered, when there are some; else the host is
    /// looked up anew the next time.
    /// </summary>
    public async Task<IPAddress[]> Others(string host, IPAddress[] failed, CancellationToken cancellation)
    {
        if (!_hosts.TryGetValue(host, out var known) || known.Late is not { } late)
        {
            Forget(host);
            return [];
        }

        await late.WaitAsync(cancellation);
        return [.. (known.Addresses ?? []).Except(failed)];
    }

    /// <summary>None of a host's addresses could be reached: they are looked up anew.</summary>
    public void Forget(string host) => _hosts.TryRemove(host, out _);

    /// <summary>Looks up again; without an answer what is known stays for a while.</summary>
    private async Task Renew(Entry known) =>
        await ((Task)known.Lookup(Find)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private Entry Added(string host)
    {
        if (_hosts.Count >= MaxHosts)
        {
            foreach (var old in _hosts.Where(each => each.Value.Addresses is null || time.GetElapsedTime(each.Value.At) >= Fresh).ToList())
            {
                _hosts.TryRemove(old);
            }
        }

        var entry = new Entry(host);
        return _hosts.Count < MaxHosts ? _hosts.GetOrAdd(host, entry) : entry;
    }

    private async Task<IPAddress[]> Find(Entry entry)
    {
        var families = new[] { Resolve(entry.Host, AddressFamily.InterNetworkV6), Resolve(entry.Host, AddressFamily.InterNetwork) };
        var first = await Task.WhenAny(families);
        var other = first == families[0] ? families[1] : families[0];
        var wait = first.IsCompletedSuccessfully && first.Result.Length > 0 ? ResolutionDelay : Timeout.InfiniteTimeSpan;
        await ((Task)other).WaitAsync(wait, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        IPAddress[] found = [.. families.Where(family => family.IsCompletedSuccessfully).SelectMany(family => family.Result)];
        if (found.Length == 0)
        {
            ForgetUnknown(entry);
            await first;
            await other;
            throw new SocketException((int)SocketError.HostNotFound);
        }

        (entry.Addresses, entry.At) = (found, time.GetTimestamp());
        entry.Late = other.IsCompleted ? null : Complete(entry, found, other);
        return found;
    }

    /// <summary>Adds the addresses of the family that was answered later.</summary>
    private static async Task Complete(Entry entry, IPAddress[] found, Task<IPAddress[]> other)
    {
        await ((Task)other).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (other.IsCompletedSuccessfully && ReferenceEquals(entry.Addresses, found))
        {
            entry.Addresses = [.. found, .. await other];
        }
    }

    private void ForgetUnknown(Entry entry)
    {
        if (entry.Addresses is null)
        {
            _hosts.TryRemove(KeyValuePair.Create(entry.Host, entry));
        }
    }

    private async Task<IPAddress[]> Resolve(string host, AddressFamily family)
    {
        try
        {
            return await resolve(host, family).WaitAsync(Limit, time);
        }
        catch (SocketException none)
            when (none.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData or SocketError.AddressFamilyNotSupported)
        {
            return [];
        }
        catch (ArgumentException)
        {
            // No name that the resolver takes.
            return [];
        }
        catch (TimeoutException)
        {
            throw new SocketException((int)SocketError.TryAgain);
        }
    }

    /// <summary>One host; one lookup at a time.</summary>
    private sealed class Entry(string host)
    {
        private readonly SingleFlight<IPAddress[]> _lookup = new();
        private long _at;

        public string Host => host;

        public volatile IPAddress[]? Addresses;

        /// <summary>Runs while one family has yet to be answered.</summary>
        public volatile Task? Late;

        public long At
        {
            get => Volatile.Read(ref _at);
            set => Volatile.Write(ref _at, value);
        }

        public Task<IPAddress[]> Lookup(Func<Entry, Task<IPAddress[]>> find) => _lookup.Join(() => Task.Run(() => find(this)));
    }
}
