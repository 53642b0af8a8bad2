using System.Text.Json;
using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Administration;

/// <summary>The side of <see cref="IAuditTailGrain"/> that gathers lines. Internal: no client may call it.</summary>
[Version(0), Alias("rp.IAuditGatheringGrain")]
internal interface IAuditGatheringGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Asks all gateways, once for all who ask within two seconds for the same or for less; <c>null</c> while not all of them can be
    /// known, or too many tenants' lines are being gathered.
    /// </summary>
    [Alias("Gather"), AlwaysInterleave, ResponseTimeout("00:00:08")]
    ValueTask<GatheredLines?> Gather(string tenant, DateTimeOffset since);

    /// <summary>The most pulled repositories of a tenant, over all gateways that answer within a second.</summary>
    [Alias("Repositories"), AlwaysInterleave, ResponseTimeout("00:00:02")]
    ValueTask<GatheredPulls> Repositories(string tenant);
}

/// <summary>Lines of all gateways.</summary>
/// <param name="Since">After this moment nothing is lacking of those that answered.</param>
/// <param name="Gateways">How many there are.</param>
/// <param name="Silent">How many of them did not answer.</param>
/// <param name="Lines">The oldest first.</param>
/// <param name="Silos">How many silos have lines of what operators changed.</param>
/// <param name="SilentSilos">How many of them did not answer.</param>
[GenerateSerializer, Immutable, Alias("rp.gathered-lines")]
internal sealed record GatheredLines(
    [property: Id(0)] DateTimeOffset Since, [property: Id(1)] int Gateways, [property: Id(2)] int Silent,
    [property: Id(3)] IReadOnlyList<AuditLineOfTenant> Lines, [property: Id(4)] int Silos = 0, [property: Id(5)] int SilentSilos = 0);

/// <summary>Pulls of all gateways.</summary>
/// <param name="IsPartial">Whether some gateway did not answer, or not all can be known yet.</param>
/// <param name="Repositories">The most pulled first.</param>
[GenerateSerializer, Immutable, Alias("rp.gathered-pulls")]
internal sealed record GatheredPulls([property: Id(0)] bool IsPartial, [property: Id(1)] IReadOnlyList<RepositoryPulls> Repositories);

/// <summary>
/// Keeps the gateways in memory: when it moves, it knows all of them again after one period, and of those that ended before nothing.
/// </summary>
[GrainType("audittail")]
internal sealed class AuditTailGrain(TimeProvider time) : Grain, IAuditTailGrain, IAuditGatheringGrain
{
    /// <summary>The most gateways.</summary>
    private const int MaxGateways = 1000;

    /// <summary>What all lines of one answer may weigh, in bytes: the newest count.</summary>
    private const int MaxAnswer = 4 * 1024 * 1024;

    /// <summary>Tenants whose lines are gathered, or were a moment ago, at once.</summary>
    private const int MaxGatherings = 4;

    /// <summary>What a gateway may send at least, in bytes, however many there are.</summary>
    private const int LeastPart = 16 * 1024;

    /// <summary>How long an answer is given to whoever asks for the same, or for a later part of it.</summary>
    private static readonly TimeSpan Reuse = TimeSpan.FromSeconds(2);

    /// <summary>How long pulls of a tenant are given to whoever asks for them: every one of its pages does, all the time.</summary>
    private static readonly TimeSpan PullsReuse = TimeSpan.FromSeconds(10);

    /// <summary>The most repositories in one answer.</summary>
    private const int MaxRepositories = 20;

    /// <summary>Tenants whose pulls are remembered.</summary>
    private const int MaxPulls = 1000;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(IAuditTailGrain.Period);

    private readonly Dictionary<IAuditTailObserver, long> _gateways = [];
    private readonly Dictionary<IAuditTailObserver, long> _silos = [];
    private readonly Dictionary<string, Gathering> _gatherings = [];
    private readonly Dictionary<string, (Task<GatheredPulls> Pulls, long At)> _pulls = [];
    private readonly GatheringLine _line = new(time);
    private readonly NameGathering _names = new(time);
    private DateTimeOffset _whole;
    private long _begun;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (_begun, _whole) = (time.GetTimestamp(), time.GetUtcNow());
        return Task.CompletedTask;
    }

    public ValueTask Follow(IAuditTailObserver gateway) => Follow(_gateways, gateway);

    public ValueTask FollowSilo(IAuditTailObserver silo) => Follow(_silos, silo);

    private ValueTask Follow(Dictionary<IAuditTailObserver, long> known, IAuditTailObserver one)
    {
        ForgetGone(_gateways);
        ForgetGone(_silos);
        if (known.Count < MaxGateways || known.ContainsKey(one))
        {
            known[one] = time.GetTimestamp();
        }
        else
        {
            // Nobody asks it for its lines.
            _whole = time.GetUtcNow();
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask<GatheredLines?> Gather(string tenant, DateTimeOffset since)
    {
        if (time.GetElapsedTime(_begun) <= Period)
        {
            return null;
        }

        while (true)
        {
            if (_gatherings.TryGetValue(tenant, out var known))
            {
                if (known.Since <= since)
                {
                    return From(await known.Lines, since);
                }

                // Older lines are gathered after it, in turn.
                await known.Ended;
            }
            else if (_line.Take(tenant) || (_line.Count == 0 && _gatherings.Count < MaxGatherings))
            {
                break;
            }
            else if (!await _line.Wait(tenant))
            {
                return null;
            }
        }

        var gathering = new Gathering(since, GatherAll(tenant, since));
        _gatherings[tenant] = gathering;
        gathering.Ended = Forget(tenant, gathering);
        return await gathering.Lines;
    }

    private static GatheredLines From(GatheredLines gathered, DateTimeOffset since) => gathered with
    {
        Since = gathered.Since > since ? gathered.Since : since, Lines = [.. gathered.Lines.Where(line => line.At >= since)],
    };

    private async Task<GatheredLines> GatherAll(string tenant, DateTimeOffset since)
    {
        ForgetGone(_gateways);
        ForgetGone(_silos);
        List<IAuditTailObserver> gateways = [.. _gateways.Keys], silos = [.. _silos.Keys];
        var most = Math.Max(LeastPart, MaxAnswer / Math.Max(1, gateways.Count + silos.Count));
        var parts = await Task.WhenAll(gateways.Concat(silos).Select(one => Ask(() => Read(one, tenant, since, most))));
        var (complete, weight, lines) = (since > _whole ? since : _whole, 0, new List<AuditLineOfTenant>());
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
        return new GatheredLines(
            complete, gateways.Count, parts.Take(gateways.Count).Count(part => part is null), lines, silos.Count,
            parts.Skip(gateways.Count).Count(part => part is null));
    }

    /// <summary>An answer is kept for a moment, then nobody has it any more.</summary>
    private async Task Forget(string tenant, Gathering gathering)
    {
        await ((Task)gathering.Lines).ConfigureAwait(
            ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        if (gathering.Lines.IsCompletedSuccessfully)
        {
            await Task.Delay(Reuse, time);
        }

        _gatherings.Remove(tenant);
        _line.Next();
    }

    public async ValueTask<GatheredPulls> Repositories(string tenant)
    {
        foreach (var (gone, _) in _pulls.Where(one => time.GetElapsedTime(one.Value.At) >= PullsReuse).ToList())
        {
            _pulls.Remove(gone);
        }

        if (_pulls.TryGetValue(tenant, out var known))
        {
            return await known.Pulls;
        }

        var pulls = GatherPulls(tenant);
        if (_pulls.Count < MaxPulls)
        {
            _pulls[tenant] = (pulls, time.GetTimestamp());
        }

        return await pulls;
    }

    private async Task<GatheredPulls> GatherPulls(string tenant)
    {
        ForgetGone(_gateways);
        var parts = await Task.WhenAll(_gateways.Keys.ToList().Select(gateway =>
            Ask<IReadOnlyList<RepositoryPulls>>(async () => await gateway.Repositories(tenant))));
        return new GatheredPulls(
            time.GetElapsedTime(_begun) <= Period || parts.Contains(null),
            [
                .. parts.OfType<IReadOnlyList<RepositoryPulls>>().SelectMany(part => part.Take(MaxRepositories))
                    .GroupBy(pulls => pulls.Repository)
                    .Select(group => new RepositoryPulls(tenant, group.Key, group.Sum(pulls => pulls.Pulls)))
                    .OrderByDescending(pulls => pulls.Pulls).Take(MaxRepositories),
            ]);
    }

    public ValueTask<PulledNames?> Names(string tenant)
    {
        ForgetGone(_gateways);
        List<IAuditTailObserver> gateways = [.. _gateways.Keys];
        return _names.Gather(
            tenant, gateways.Count, time.GetElapsedTime(_begun) > Period,
            most => Task.WhenAll(gateways.Select(gateway => Ask<PulledNames>(async () => await gateway.Names(tenant, most)))));
    }

    private static async Task<AuditTailPart?> Read(IAuditTailObserver gateway, string tenant, DateTimeOffset since, int most)
    {
        var part = await gateway.Read(tenant, since, most);
        return part.Lines.All(line => IsJson(line.Json)) ? part : null;
    }

    private static async Task<T?> Ask<T>(Func<Task<T?>> ask)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (Exception)
        {
            // It has ended, or is cut off: the answer says that one is silent.
            return null;
        }
    }

    /// <summary>What one gateway sends must not spoil the answer for all.</summary>
    private static bool IsJson(byte[] line)
    {
        var reader = new Utf8JsonReader(line);
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && reader.TrySkip() && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>With a gateway that is not there any more its lines are gone, up to its end.</summary>
    private void ForgetGone(Dictionary<IAuditTailObserver, long> known)
    {
        foreach (var (gone, heard) in known.Where(one => time.GetElapsedTime(one.Value) > 3 * Period).ToList())
        {
            known.Remove(gone);
            var end = time.GetUtcNow() - time.GetElapsedTime(heard) + Period;
            _whole = end > _whole ? end : _whole;
        }
    }

    private sealed record Gathering(DateTimeOffset Since, Task<GatheredLines> Lines)
    {
        /// <summary>Done when nobody is given its lines any more.</summary>
        public Task Ended { get; set; } = Task.CompletedTask;
    }
}
