using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Administration;

/// <summary>The side of <see cref="IAuditTailGrain"/> that gathers lines. Internal: no client may call it.</summary>
[Alias("rp.IAuditGatheringGrain")]
internal interface IAuditGatheringGrain : IGrainWithIntegerKey
{
    /// <summary>Asks all gateways; <c>null</c> while not all of them can be known.</summary>
    [Alias("Gather"), AlwaysInterleave, ResponseTimeout("00:00:08")]
    ValueTask<GatheredLines?> Gather(string tenant, DateTimeOffset since);
}

/// <summary>Lines of all gateways.</summary>
/// <param name="Since">After this moment nothing is lacking of those that answered.</param>
/// <param name="Gateways">How many there are.</param>
/// <param name="Silent">How many of them did not answer.</param>
/// <param name="Lines">The oldest first.</param>
[GenerateSerializer, Immutable, Alias("rp.gathered-lines")]
internal sealed record GatheredLines(
    [property: Id(0)] DateTimeOffset Since, [property: Id(1)] int Gateways, [property: Id(2)] int Silent,
    [property: Id(3)] IReadOnlyList<AuditLineOfTenant> Lines);

/// <summary>Keeps the gateways in memory: when it moves, it knows all of them again after one period.</summary>
[GrainType("audittail")]
internal sealed class AuditTailGrain(TimeProvider time) : Grain, IAuditTailGrain, IAuditGatheringGrain
{
    /// <summary>The most gateways.</summary>
    private const int MaxGateways = 1000;

    /// <summary>What all lines of one answer may weigh, in bytes: the newest count.</summary>
    private const int MaxAnswer = 4 * 1024 * 1024;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(IAuditTailGrain.Period);

    private readonly Dictionary<IAuditTailObserver, long> _gateways = [];
    private long _begun;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _begun = time.GetTimestamp();
        return Task.CompletedTask;
    }

    public ValueTask Follow(IAuditTailObserver gateway)
    {
        ForgetGone();
        if (_gateways.Count < MaxGateways || _gateways.ContainsKey(gateway))
        {
            _gateways[gateway] = time.GetTimestamp();
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask<GatheredLines?> Gather(string tenant, DateTimeOffset since)
    {
        if (time.GetElapsedTime(_begun) <= Period)
        {
            return null;
        }

        ForgetGone();
        var parts = await Task.WhenAll(_gateways.Keys.ToList().Select(gateway => Ask(gateway, tenant, since)));
        var (complete, weight, lines) = (since, 0, new List<AuditLineOfTenant>());
        foreach (var part in parts.OfType<AuditTailPart>().Where(part => part.Since > complete))
        {
            complete = part.Since;
        }

        foreach (var line in parts.OfType<AuditTailPart>().SelectMany(part => part.Lines).OrderByDescending(line => line.At))
        {
            weight += line.Json.Length;
            if (weight > MaxAnswer)
            {
                complete = line.At > complete ? line.At : complete;
                break;
            }

            lines.Add(line);
        }

        lines.Reverse();
        return new GatheredLines(complete, parts.Length, parts.Count(part => part is null), lines);
    }

    private static async Task<AuditTailPart?> Ask(IAuditTailObserver gateway, string tenant, DateTimeOffset since)
    {
        try
        {
            return await gateway.Read(tenant, since);
        }
        catch (Exception)
        {
            // It has ended, or is cut off: the answer says that one is silent.
            return null;
        }
    }

    private void ForgetGone()
    {
        foreach (var gone in _gateways.Where(one => time.GetElapsedTime(one.Value) > 3 * Period).Select(one => one.Key).ToList())
        {
            _gateways.Remove(gone);
        }
    }
}
