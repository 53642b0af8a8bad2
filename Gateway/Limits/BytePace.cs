namespace RegistryProxy.Gateway.Limits;

/// <summary>Bytes that keep to the rate of their tenant.</summary>
/// <param name="rate">What gateways and transfers share.</param>
/// <param name="most">Bytes per second of the cluster.</param>
/// <param name="time">The time.</param>
internal sealed class BytePace(SharedRate rate, long most, TimeProvider time)
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(0.25);

    private int _waiting;

    /// <summary>
    /// What a transfer takes at once where nobody must wait long for his turn, in bytes: thousands share the rate within a minute.
    /// </summary>
    public int Piece { get; } = (int)Math.Clamp(most / 256, 4 * 1024, 64 * 1024);

    /// <summary>Whether somebody waits for his turn at the moment.</summary>
    public bool HoldsBack => Volatile.Read(ref _waiting) > 0;

    /// <summary>Counts bytes and waits for as long as the rate wants.</summary>
    /// <remarks>Who waits looks again, because the share that is left to wait for may have become another one.</remarks>
    public async ValueTask Take(int bytes, CancellationToken cancellation)
    {
        if (bytes == 0 || rate.Take(bytes, most) is var wait && wait <= TimeSpan.Zero)
        {
            return;
        }

        Interlocked.Increment(ref _waiting);
        try
        {
            while (wait > TimeSpan.Zero)
            {
                var step = wait < Step ? wait : Step;
                await Task.Delay(step, time, cancellation);
                var owed = rate.Owed(most);
                wait = owed < wait - step ? owed : wait - step;
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
