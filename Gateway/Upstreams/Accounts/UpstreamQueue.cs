namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// How many requests of an account wait for an answer of the upstream at once; the others wait here, first come first served. Thousands of
/// nodes that start together would otherwise open thousands of connections, which a registry refuses or answers too late.
/// </summary>
internal sealed class UpstreamQueue(int most, TimeProvider time) : IDisposable
{
    /// <summary>Pulls that wait for the head of their answer at once.</summary>
    public const int MaxPulls = 100;

    /// <summary>Listings and other questions that do.</summary>
    public const int MaxOthers = 32;

    /// <summary>Less than the thirty seconds that containerd waits for the head of an answer, so that it gets ours.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(25);

    private readonly SemaphoreSlim _places = new(most);

    /// <summary>Takes a place; <c>false</c> when there was none in twenty-five seconds.</summary>
    public ValueTask<bool> Enter(CancellationToken cancellation) => _places.Wait(0, cancellation) ? new(true) : new(WaitForPlace(cancellation));

    /// <summary>Gives the place back.</summary>
    public void Leave() => _places.Release();

    public void Dispose() => _places.Dispose();

    private async Task<bool> WaitForPlace(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await _places.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
