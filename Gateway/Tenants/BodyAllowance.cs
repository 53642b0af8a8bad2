namespace RegistryProxy.Gateway.Tenants;

/// <summary>How many bytes of an upstream's answers are held while they are read, all requests together.</summary>
internal sealed class BodyAllowance
{
    /// <summary>Bytes of one upstream's answers that are held at once.</summary>
    public const long MaxBytes = 128 * 1024 * 1024;

    /// <summary>Bytes that an answer may have without being counted, so that large ones of others keep no small one out.</summary>
    private const int Small = 64 * 1024;

    private long _left = MaxBytes;

    /// <summary>Begins to hold one answer; disposing it gives everything back.</summary>
    public Holder Hold() => new(this);

    internal sealed class Holder(BodyAllowance allowance) : IDisposable
    {
        private long _held;
        private long _taken;

        /// <summary>Takes bytes more; returns how many.</summary>
        /// <exception cref="TooManyBodiesException">There are not so many left.</exception>
        public int Take(int bytes)
        {
            _held += bytes;
            var uncounted = Math.Max(0, _held - Small) - _taken;
            if (Interlocked.Add(ref allowance._left, -uncounted) < 0)
            {
                Interlocked.Add(ref allowance._left, uncounted);
                throw new TooManyBodiesException();
            }

            _taken += uncounted;
            return bytes;
        }

        public void Dispose()
        {
            Interlocked.Add(ref allowance._left, _taken);
            (_held, _taken) = (0, 0);
        }
    }
}

/// <summary>The answers of an upstream that are being read are too large together.</summary>
internal sealed class TooManyBodiesException() : IOException($"more than {BodyAllowance.MaxBytes >> 20} MiB of answers at once");
