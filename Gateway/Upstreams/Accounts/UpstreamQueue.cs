using RegistryProxy.Gateway.Fairness;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// How many requests of an account wait for an answer of the upstream at once; the others wait here, one of each caller after the other.
/// Thousands of nodes that start together would otherwise open thousands of connections, which a registry refuses or answers too late.
/// Nobody has more places than are left: a stranger's slow questions fill half of them, those of two strangers a third each.
/// </summary>
internal sealed class UpstreamQueue(int most, WaitingStrangers strangers, TimeProvider time)
{
    /// <summary>Pulls that wait for the head of their answer at once.</summary>
    public const int MaxPulls = 100;

    /// <summary>Listings and other questions that do.</summary>
    public const int MaxOthers = 32;

    /// <summary>
    /// Of those that find no place so many of one identity wait; of callers without a login fewer do (<see cref="WaitingStrangers"/>).
    /// </summary>
    public const int MaxWaiting = 10_000;

    /// <summary>Less than the thirty seconds that containerd waits for the head of an answer, so that it gets ours.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(25);

    private readonly SharedPlaces _places = new(most, most, MaxWaiting);

    /// <summary>Takes a place; <c>false</c> when there was none in twenty-five seconds, or too many wait already.</summary>
    public ValueTask<bool> Enter(CallerKey caller, CancellationToken cancellation) =>
        _places.TryEnter(caller) ? new(true) : new(WaitForPlace(caller, cancellation));

    /// <summary>Gives the place back.</summary>
    public void Leave(CallerKey caller) => _places.Leave(caller);

    private async Task<bool> WaitForPlace(CallerKey caller, CancellationToken cancellation)
    {
        if (!strangers.TryEnter(caller))
        {
            return false;
        }

        using var limit = new CancellationTokenSource(Longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await _places.Enter(caller, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            strangers.Leave(caller);
        }
    }
}
