namespace RegistryProxy.Gateway.Upstreams;

/// <summary>How many bytes of an upstream's answers are held while they are read, all requests together.</summary>
internal sealed class BodyAllowance
{
    /// <summary>Bytes of one upstream's answers that are held at once.</summary>
    public const long MaxBytes = 32 * 1024 * 1024;

    private long _left = MaxBytes;

    /// <summary>Begins to hold one answer; disposing it gives everything back.</summary>
    public Holder Hold() => new(this);

    internal sealed class Holder(BodyAllowance allowance) : IDisposable
    {
        private long _taken;

        /// <summary>Takes bytes more; returns how many.</summary>
        /// <exception cref="TooManyBodiesException">There are not so many left.</exception>
        public int Take(int bytes)
        {
            _taken += bytes;
            return Interlocked.Add(ref allowance._left, -bytes) >= 0 ? bytes : throw new TooManyBodiesException();
        }

        public void Dispose()
        {
            Interlocked.Add(ref allowance._left, _taken);
            _taken = 0;
        }
    }
}

/// <summary>The answers of an upstream that are being read are too large together.</summary>
internal sealed class TooManyBodiesException() : IOException($"more than {BodyAllowance.MaxBytes >> 20} MiB of answers at once");
