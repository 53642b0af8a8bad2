namespace RegistryProxy.Grains.Throttling;

/// <summary>Lets so many tries go on at once; of the others so many wait, and who comes then is refused.</summary>
internal sealed class WaitingLine(int atOnce)
{
    /// <summary>Tries that wait.</summary>
    private const int MaxWaiting = 1024;

    private SemaphoreSlim Places { get; } = new(atOnce);
    private int _waiting;

    /// <summary>Waits for a place; <c>false</c> when there is none in time.</summary>
    public async ValueTask<bool> Wait(TimeSpan timeout, CancellationToken cancellation)
    {
        if (Places.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            return true;
        }

        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return false;
        }

        try
        {
            return await Places.WaitAsync(timeout, cancellation);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Gives the place to the next.</summary>
    public void Leave() => Places.Release();
}
