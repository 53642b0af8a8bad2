using System.Numerics;
using System.Runtime.CompilerServices;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Ranges;

/// <summary>The parts of blobs that are being fetched for whoever wants them.</summary>
internal sealed class RangeFlights(RangeOpener opener, TimeProvider time)
{
    /// <summary>What is shared, in bytes: a chunk of the lazy snapshotters. Larger parts are streamed to each.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>All of them together, in bytes. What finds no room is streamed to each who wants it.</summary>
    public const int MaxHeld = 32 * 1024 * 1024;

    /// <summary>Those of one tenant, in bytes: clients that read slowly leave room for others.</summary>
    public const int MaxHeldOfOne = MaxHeld / 4;

    private readonly Lock _gate = new();
    private readonly Dictionary<FlightKey, RangeFlight> _running = [];
    private readonly ConditionalWeakTable<Tenant, StrongBox<long>> _heldOf = [];
    private readonly StrongBox<long> _held = new();

    /// <summary>
    /// Joins the fetch of just these parts, or begins it; the caller leaves it in the end. <c>null</c> when there is no room for it.
    /// </summary>
    public (RangeFlight Flight, bool IsNew)? Join(RegistryRequest request, Fetch fetch, AskedRanges asked)
    {
        var key = new FlightKey(
            request.TokenService.Tenant.Name, request.Upstream.Name, request.UpstreamName, request.Path.Digest!, fetch.FollowRedirects,
            asked.Text);
        lock (_gate)
        {
            if (_running.TryGetValue(key, out var running) && running.TryJoin())
            {
                return (running, false);
            }

            if (asked.MaxBytes is not { } bytes || bytes > MaxBytes)
            {
                return null;
            }

            // As the pool of buffers gives it out.
            var held = (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(bytes, 16));
            var own = _heldOf.GetOrCreateValue(request.TokenService.Tenant);
            if (held > MaxHeld - Volatile.Read(ref _held.Value) || held > MaxHeldOfOne - Volatile.Read(ref own.Value))
            {
                return null;
            }

            Add(held, own);
            var flight = new RangeFlight(opener, fetch, () => Add(-held, own), time);
            flight.TryJoin();
            _running[key] = flight;
            _ = Run(key, flight, asked);
            return (flight, true);
        }
    }

    private void Add(long bytes, StrongBox<long> own)
    {
        Interlocked.Add(ref _held.Value, bytes);
        Interlocked.Add(ref own.Value, bytes);
    }

    private async Task Run(FlightKey key, RangeFlight flight, AskedRanges asked)
    {
        await flight.Run(key.Digest, asked);
        lock (_gate)
        {
            if (_running.GetValueOrDefault(key) == flight)
            {
                _running.Remove(key);
            }
        }

        flight.Dispose();
    }

    /// <summary>What makes two fetches the same: who may have it was asked before, by repository.</summary>
    private sealed record FlightKey(
        string Tenant, string Upstream, RepositoryName Repository, Digest Digest, bool FollowsRedirects, string Ranges);
}
