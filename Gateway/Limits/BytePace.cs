namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// Bytes that keep to the rate of their tenant: they are bought in units, which the gateways of the cluster share as they do requests. Who
/// finds none waits for his turn, the oldest first; nobody is refused.
/// </summary>
internal sealed class BytePace
{
    /// <summary>Units that are a second: what is bought at once is little of it.</summary>
    private const int UnitsPerSecond = 256;

    private const int LargestUnit = 64 * 1024;

    private const int LeastOfPiece = 4 * 1024;

    /// <summary>Who waits looks again so soon: others may have left something by then.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(0.25);

    /// <summary>In a shorter time too little comes to wake up for.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(10);

    private readonly SharedPermits _units;
    private readonly TimeProvider _time;
    private Rate _rate;
    private long _rest;
    private int _waiting;

    /// <param name="units">What gateways share.</param>
    /// <param name="most">Bytes per second of the cluster.</param>
    /// <param name="time">The time.</param>
    public BytePace(SharedPermits units, long most, TimeProvider time) => (_units, _rate, _time) = (units, new Rate(most), time);

    /// <summary>Bytes per second of the cluster; transfers that run keep to another one, too.</summary>
    public long Most
    {
        get => _rate.Most;
        set
        {
            if (_rate.Most != value)
            {
                Volatile.Write(ref _rate, new Rate(value));
            }
        }
    }

    /// <summary>
    /// What a transfer takes at once where nobody must wait long for his turn, in bytes: thousands share the rate within a minute.
    /// </summary>
    public int Piece => Math.Max(LeastOfPiece, Volatile.Read(ref _rate).Unit);

    /// <summary>Whether somebody waits for his turn at the moment.</summary>
    public bool HoldsBack => Volatile.Read(ref _waiting) > 0;

    /// <summary>Counts bytes and waits for as long as the rate wants.</summary>
    public async ValueTask Take(int bytes, CancellationToken cancellation)
    {
        var rest = Interlocked.Add(ref _rest, -bytes);
        for (var missing = Math.Min(bytes, -rest); missing > 0;)
        {
            var rate = Volatile.Read(ref _rate);
            try
            {
                await Buy(rate, cancellation);
            }
            catch
            {
                // What was not bought goes nowhere.
                Interlocked.Add(ref _rest, missing);
                throw;
            }

            Interlocked.Add(ref _rest, rate.Unit);
            missing -= rate.Unit;
        }
    }

    private SemaphoreSlim Turn { get; } = new(1, 1);

    private async ValueTask Buy(Rate rate, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (HoldsBack || await _units.Take(rate.Units) > TimeSpan.Zero)
        {
            await BuyInTurn(cancellation);
        }
    }

    private async Task BuyInTurn(CancellationToken cancellation)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            await Turn.WaitAsync(cancellation);
            try
            {
                while (await _units.Take(Volatile.Read(ref _rate).Units) is var wait && wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait < Least ? Least : wait < Step ? wait : Step, _time, cancellation);
                }
            }
            finally
            {
                Turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>A rate, and what is bought of it.</summary>
    private sealed record Rate(long Most)
    {
        /// <summary>Bytes that are bought at once.</summary>
        public int Unit { get; } = (int)Math.Clamp(Most / UnitsPerSecond, 1, LargestUnit);

        /// <summary>Of them, in a second.</summary>
        public double Units => (double)Most / Unit;
    }
}
