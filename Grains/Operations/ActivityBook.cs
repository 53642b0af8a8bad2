using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Operations;

/// <summary>
/// The last hour of tenants and upstreams, put together from the totals that gateways report. What did nothing for an hour is forgotten;
/// when there are too many, those whose last activity is the longest ago. While all of them are busy nobody else is counted.
/// </summary>
internal sealed class ActivityBook(TimeProvider time)
{
    /// <summary>Tenants and upstreams together; of 8.6 KB each.</summary>
    private const int MaxRings = 3000;

    /// <summary>Histories of one question.</summary>
    private const int MaxHistories = 200;

    private const int StepsPerMinute = 6;

    private readonly Dictionary<(ActivityKind Kind, string Name), ActivityRing> _rings = [];
    private DateTimeOffset _began = time.GetUtcNow();
    private long _pruned;
    private long _fullIn;

    /// <summary>From when on all is counted.</summary>
    public DateTimeOffset Since
    {
        get
        {
            var hour = time.GetUtcNow() - (ActivityRing.Step * ActivityRing.Steps);
            return _began > hour ? _began : hour;
        }
    }

    /// <summary>
    /// Counts what a process did between two of its reports. Of the first one nothing is known to be new.
    /// </summary>
    public void Count(ProcessReport before, ProcessReport after)
    {
        var known = before.Tenants.ToDictionary(tenant => tenant.Tenant);
        foreach (var now in after.Tenants)
        {
            var was = known.GetValueOrDefault(now.Tenant) ?? new TenantTraffic(now.Tenant, 0, 0, 0);
            Add(ActivityKind.Tenant, now.Tenant, [
                now.Requests - was.Requests, now.Refused - was.Refused, now.Errors - was.Errors, now.Pulls - was.Pulls,
                now.Sent - was.Sent, now.Received - was.Received]);
        }

        var upstreams = before.Upstreams.ToDictionary(upstream => upstream.Upstream);
        foreach (var now in after.Upstreams)
        {
            var was = upstreams.GetValueOrDefault(now.Upstream) ?? new UpstreamTraffic(now.Upstream, 0, 0, 0, 0);
            Add(ActivityKind.Upstream, now.Upstream, [
                now.Requests - was.Requests, now.Failures - was.Failures, now.Refused - was.Refused, now.Seconds - was.Seconds]);
        }
    }

    /// <summary>Something was done that is counted nowhere: from now on all is counted.</summary>
    public void BeginAnew() => _began = time.GetUtcNow();

    /// <summary>What everybody did.</summary>
    public ActivityView Describe(ActivityKind kind)
    {
        var now = ActivityRing.StepOf(time.GetUtcNow());
        Prune(now);
        return new ActivityView(Since, [
            .. _rings.Where(ring => ring.Key.Kind == kind).Select(ring => new Activity(
                ring.Key.Name, [.. Sum(kind, ring.Value, now - StepsPerMinute, now - 1).Select(sum => sum / 60)],
                Sum(kind, ring.Value, now - ActivityRing.Steps + 1, now)))]);
    }

    /// <summary>The hours of some.</summary>
    /// <param name="kind">Whose.</param>
    /// <param name="names">Which.</param>
    /// <param name="points">A divisor of 360.</param>
    public IReadOnlyList<ActivityHistory> Histories(ActivityKind kind, IReadOnlyList<string> names, int points)
    {
        var (now, each) = (ActivityRing.StepOf(time.GetUtcNow()), ActivityRing.Steps / points);
        var end = new DateTimeOffset((now + 1) * ActivityRing.Step.Ticks, TimeSpan.Zero);
        return [.. names.Take(MaxHistories).Select(name => new ActivityHistory(
            name, Since, end, (int)ActivityRing.Step.TotalSeconds * each, Points(kind, name, now - ActivityRing.Steps + 1, points, each)))];
    }

    private double[] Points(ActivityKind kind, string name, long first, int points, int each)
    {
        var width = NumbersOf(kind);
        var values = new double[points * width];
        if (_rings.TryGetValue((kind, name), out var ring))
        {
            for (var point = 0; point < points; point++)
            {
                ring.Sum(first + (point * each), first + ((point + 1) * each) - 1, values.AsSpan(point * width, width));
            }
        }

        return values;
    }

    private void Add(ActivityKind kind, string name, ReadOnlySpan<double> numbers)
    {
        if (numbers.ContainsAnyInRange(double.NegativeInfinity, -double.Epsilon) || !numbers.ContainsAnyExcept(0))
        {
            return;
        }

        var step = ActivityRing.StepOf(time.GetUtcNow());
        Prune(step);
        if (!_rings.TryGetValue((kind, name), out var ring))
        {
            if (!MakeRoom(step))
            {
                return;
            }

            _rings[(kind, name)] = ring = new ActivityRing(step);
        }

        ring.Add(step, numbers);
    }

    private void Prune(long now)
    {
        if (now == _pruned)
        {
            return;
        }

        _pruned = now;
        foreach (var name in _rings.Where(ring => ring.Value.IsOver(now)).Select(ring => ring.Key).ToList())
        {
            _rings.Remove(name);
        }
    }

    /// <summary>Makes room for a tenth, so that it is not looked for each; once in a step when there is none.</summary>
    private bool MakeRoom(long step)
    {
        if (_rings.Count < MaxRings)
        {
            return true;
        }

        if (_fullIn == step)
        {
            return false;
        }

        var idle = _rings.Where(ring => ring.Value.Newest < step - 1).OrderBy(ring => ring.Value.Newest).Take(MaxRings / 10)
            .Select(ring => ring.Key).ToList();
        idle.ForEach(name => _rings.Remove(name));
        _fullIn = idle.Count == 0 ? step : _fullIn;
        return idle.Count > 0;
    }

    private static double[] Sum(ActivityKind kind, ActivityRing ring, long first, long last)
    {
        var sums = new double[NumbersOf(kind)];
        ring.Sum(first, last, sums);
        return sums;
    }

    private static int NumbersOf(ActivityKind kind) => kind == ActivityKind.Tenant ? 6 : 4;
}
