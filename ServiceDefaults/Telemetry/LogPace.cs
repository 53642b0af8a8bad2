using System.Collections.Concurrent;

namespace RegistryProxy.ServiceDefaults.Telemetry;

/// <summary>
/// How often a line of one kind is written: whoever finds out how to have one written, by as many requests as he likes, writes no log full.
/// What was left out is counted, and told before the next line of its kind.
/// </summary>
internal sealed class LogPace(TimeProvider time)
{
    /// <summary>Lines of one kind at once.</summary>
    public const int MaxBurst = 200;

    /// <summary>Kinds that are told from each other; further ones are one kind together.</summary>
    public const int MaxKinds = 1000;

    /// <summary>From then on, one in so long.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<LogKind, Budget> _budgets = new();
    private readonly Budget _others = new();

    /// <summary>Whether a line may be written, and how many of its kind were left out since the last one.</summary>
    public bool MayWrite(in LogKind kind, out long left)
    {
        var budget = _budgets.TryGetValue(kind, out var known) ? known
            : _budgets.Count < MaxKinds ? _budgets.GetOrAdd(kind, static _ => new Budget())
            : _others;
        return budget.TryTake(time, out left);
    }

    private sealed class Budget
    {
        private readonly Lock _gate = new();
        private double _lines = MaxBurst;
        private long _at;
        private long _left;

        public bool TryTake(TimeProvider time, out long left)
        {
            lock (_gate)
            {
                var now = time.GetTimestamp();
                _lines = _at == 0 ? MaxBurst : Math.Min(MaxBurst, _lines + (time.GetElapsedTime(_at, now) / Period));
                _at = now;
                if (_lines < 1)
                {
                    left = 0;
                    _left++;
                    return false;
                }

                _lines--;
                (left, _left) = (_left, 0);
                return true;
            }
        }
    }
}

/// <summary>What makes two lines of the same kind.</summary>
internal readonly record struct LogKind(string Category, int Event, string? Name);
