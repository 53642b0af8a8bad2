namespace RegistryProxy.Background;

/// <summary>
/// Work that is tried again until it is done, so that the log can say when it begins to fail and when it is done again. For many threads.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="quiet">How long it must not have failed to count as done: where single calls fail among others that do not.</param>
public sealed class Outage(TimeProvider time, TimeSpan quiet = default)
{
    private readonly Lock _gate = new();
    private long? _began;
    private long _last;
    private long _failures;

    /// <summary>The work failed; whether that is news.</summary>
    public bool Fail()
    {
        lock (_gate)
        {
            (_failures, _last) = (_failures + 1, time.GetTimestamp());
            if (_began is not null)
            {
                return false;
            }

            _began = _last;
            return true;
        }
    }

    /// <summary>For how long the work has been failing, and how often it has; <c>null</c> while it does not.</summary>
    public (TimeSpan Lasts, long Failures)? Now
    {
        get
        {
            lock (_gate)
            {
                return _began is { } began ? (time.GetElapsedTime(began), _failures) : null;
            }
        }
    }

    /// <summary>The work is done.</summary>
    /// <param name="failures">How often it had failed; 0 if it had not.</param>
    /// <param name="lasted">For how long.</param>
    /// <returns>Whether it had failed before.</returns>
    public bool End(out long failures, out TimeSpan lasted)
    {
        (failures, lasted) = (0, TimeSpan.Zero);
        if (Volatile.Read(ref _failures) == 0)
        {
            return false;
        }

        lock (_gate)
        {
            if (time.GetElapsedTime(_last) < quiet)
            {
                return false;
            }

            (failures, _failures) = (_failures, 0);
            lasted = _began is { } began ? time.GetElapsedTime(began) : TimeSpan.Zero;
            _began = null;
            return failures > 0;
        }
    }
}
