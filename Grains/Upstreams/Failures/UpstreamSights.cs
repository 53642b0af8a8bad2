using System.Globalization;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>How the requests of gateways to one upstream fare, as each of them says.</summary>
internal sealed class UpstreamSights(string upstream, Func<string> address)
{
    /// <summary>Of so many gateways what they saw is kept, by the last that told.</summary>
    public const int MaxGateways = 1000;

    /// <summary>Things that are wrong at once, of one gateway.</summary>
    private const int MaxTroubles = 5;

    /// <summary>Gateways say it again twice a minute; one that died says nothing any more.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(90);

    /// <summary>A failure that others' answers have followed for so long was mended, though nobody asked that gateway since.</summary>
    private static readonly TimeSpan Outdated = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Sight> _seen = [];
    private (DateTimeOffset At, string Gateway)? _lastAnswer;

    /// <summary>When one was answered last; <c>null</c> for never.</summary>
    public DateTimeOffset? LastAnswer => _lastAnswer?.At;

    /// <summary>Takes what a gateway says: when the last failure in it was, and what the log of that gateway has on it.</summary>
    public (DateTimeOffset At, string Said)? Note(UpstreamSight sight, DateTimeOffset now)
    {
        foreach (var gone in _seen.Where(seen => now - seen.Value.At > Fresh).Select(seen => seen.Key).ToList())
        {
            _seen.Remove(gone);
        }

        if (sight.SinceAnswer is { } ago && !(now - ago <= LastAnswer))
        {
            _lastAnswer = (now - ago, sight.Gateway);
        }

        List<UpstreamTrouble> troubles = [.. (sight.Troubles ?? []).Take(MaxTroubles)];
        if (sight.Failure is null && troubles.Count == 0)
        {
            _seen.Remove(sight.Gateway);
        }
        else if (_seen.Count < MaxGateways || _seen.ContainsKey(sight.Gateway))
        {
            _seen[sight.Gateway] = Keep(sight, troubles, now);
        }

        var failures = Failures(sight, troubles, now).ToList();
        return failures.Count == 0 ? null : failures.MaxBy(one => one.At);
    }

    private IEnumerable<(DateTimeOffset At, string Said)> Failures(UpstreamSight sight, List<UpstreamTrouble> troubles, DateTimeOffset now)
    {
        if (sight.Refusal is { } refusal)
        {
            yield return (now, Refuses(sight, refusal, now));
        }

        if (sight.Failure is { } failure)
        {
            yield return (now - (sight.SinceFailure ?? default), Fails(
                now - (sight.FailsFor ?? default), Math.Max(sight.Failures, 1), failure));
        }

        foreach (var trouble in troubles)
        {
            yield return (now - trouble.SinceFailure, Say(trouble, now));
        }
    }

    /// <summary>Whether a gateway saw it fail just now.</summary>
    public bool Failed(DateTimeOffset now) => _seen.Values.Any(sight => sight.Since is not null && now - sight.FailedAt <= Fresh);

    /// <summary>Since when a gateway sees it fail; <c>null</c> when none does.</summary>
    public DateTimeOffset? FailingSince(DateTimeOffset now) => _seen
        .Where(seen => now - seen.Value.At <= Fresh && !IsOutdated(seen.Key, seen.Value.FailedAt)).Min(seen => seen.Value.Since);

    /// <summary>What else is wrong, one of each kind, the oldest first.</summary>
    public IReadOnlyList<UpstreamTroubleStatus> Troubles(DateTimeOffset now) =>
    [
        .. _seen.Values.Where(seen => now - seen.At <= Fresh).SelectMany(seen => seen.Troubles).OrderBy(trouble => trouble.Since)
            .DistinctBy(trouble => trouble.Kind),
    ];

    private Sight Keep(UpstreamSight sight, List<UpstreamTrouble> troubles, DateTimeOffset now)
    {
        var known = _seen.GetValueOrDefault(sight.Gateway);
        return new Sight(
            sight.Failure is null ? null : known?.Since ?? now - (sight.FailsFor ?? default), now, now - (sight.SinceFailure ?? default),
            [
                .. troubles.Select(trouble => new UpstreamTroubleStatus(
                    trouble.Kind,
                    known?.Troubles.FirstOrDefault(one => one.Kind == trouble.Kind)?.Since ?? now - trouble.LastsFor, Say(trouble, now))),
            ]);
    }

    /// <summary>What answers a gateway has says nothing of what others cannot reach; what all of them can was mended.</summary>
    private bool IsOutdated(string gateway, DateTimeOffset failedAt) =>
        _lastAnswer is var (at, other) && other != gateway && at > failedAt + Outdated;

    /// <summary>What the log of a gateway says.</summary>
    private string Say(UpstreamTrouble trouble, DateTimeOffset now)
    {
        var (who, what, counted) = trouble.Kind switch
        {
            UpstreamTrouble.Limited => ("Upstream", "rate-limiting", "refusals"),
            UpstreamTrouble.Refuses => ("Upstream", "refusing requests", "refusals"),
            UpstreamTrouble.Storage => ("Storage of upstream", "failing", "failures"),
            _ => ("Part of upstream", "failing", "failures"),
        };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{who} {upstream} ({trouble.Place}) has been {what} since {now - trouble.LastsFor:u} " +
            $"({counted}: {Math.Max(trouble.Failures, 1)}): {trouble.Reason}");
    }

    private string Refuses(UpstreamSight sight, string refusal, DateTimeOffset now) => string.Create(
        CultureInfo.InvariantCulture,
        $"Upstream {upstream} ({address()}) has been refusing requests since {now - (sight.RefusesFor ?? default):u} " +
        $"(refusals: {Math.Max(sight.Refusals, 1)}): {refusal}");

    /// <summary>What the log says.</summary>
    public string Fails(DateTimeOffset since, int failures, string reason) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"Upstream {upstream} ({address()}) has been failing since {since:u} (failures: {failures}): {reason}");

    private sealed record Sight(
        DateTimeOffset? Since, DateTimeOffset At, DateTimeOffset FailedAt, IReadOnlyList<UpstreamTroubleStatus> Troubles);
}
