using RegistryProxy.Gateway.Fairness;

namespace RegistryProxy.Gateway.Tenants;

/// <summary>
/// How many bytes of an upstream's answers, and of manifests for it, are held while they come, all requests together. Nobody has more of
/// them than are left for everybody else: whoever keeps all that he can get leaves as much.
/// </summary>
internal sealed class BodyAllowance
{
    /// <summary>Bytes of one upstream that are held at once.</summary>
    public const long MaxBytes = 128 * 1024 * 1024;

    /// <summary>Bytes that a body may have without being counted, so that large ones of others keep no small one out.</summary>
    private const int Small = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<CallerKey, long> _taken = [];
    private long _left = MaxBytes;

    /// <summary>Begins to hold one body for a caller; disposing it gives everything back.</summary>
    public Holder Hold(CallerKey caller) => new(this, caller);

    private bool TryTake(CallerKey caller, long bytes)
    {
        if (bytes == 0)
        {
            return true;
        }

        lock (_gate)
        {
            var taken = _taken.GetValueOrDefault(caller) + bytes;
            if (bytes > 0 && taken > _left - bytes)
            {
                return false;
            }

            _left -= bytes;
            if (taken == 0)
            {
                _taken.Remove(caller);
            }
            else
            {
                _taken[caller] = taken;
            }

            return true;
        }
    }

    internal sealed class Holder(BodyAllowance allowance, CallerKey caller) : IDisposable
    {
        private long _held;
        private long _taken;

        /// <summary>Takes bytes more; returns how many.</summary>
        /// <exception cref="TooManyBodiesException">There are not so many left for this caller.</exception>
        public int Take(int bytes)
        {
            _held += bytes;
            var uncounted = Math.Max(0, _held - Small) - _taken;
            if (!allowance.TryTake(caller, uncounted))
            {
                throw new TooManyBodiesException();
            }

            _taken += uncounted;
            return bytes;
        }

        public void Dispose()
        {
            allowance.TryTake(caller, -_taken);
            (_held, _taken) = (0, 0);
        }
    }
}

/// <summary>What is being read of an upstream, or for it, is too large together.</summary>
internal sealed class TooManyBodiesException()
    : IOException($"more of {BodyAllowance.MaxBytes >> 20} MiB than the share of one caller at once");
