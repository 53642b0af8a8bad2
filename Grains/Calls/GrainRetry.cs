using Orleans.Storage;

namespace RegistryProxy.Grains.Calls;

/// <summary>
/// A question to a grain that may be asked twice, from where the first answer must not be lost: a proof that counts once was taken already.
/// When the silo of the grain dies, or is silent for as long as the question may take, it is asked again until the others have noticed.
/// </summary>
/// <param name="Grain">The grain that is asked.</param>
/// <param name="Method">What: a call that has an answer, and a limit of its own within which it can be asked twice.</param>
/// <param name="Total">
/// When it is given up: longer than it takes the cluster to declare a silo dead, and sooner than whoever waits for it.
/// </param>
internal sealed record GrainRetry(Type Grain, string Method, TimeSpan Total)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <exception cref="TimeoutException">There is no answer in time.</exception>
    public async Task<T> Call<T>(Func<ValueTask<T>> question, TimeProvider time, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Total, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            while (true)
            {
                try
                {
                    return await question().AsTask().WaitAsync(either.Token);
                }
                catch (Exception fault) when (IsLost(fault) && !either.IsCancellationRequested)
                {
                    await Task.Delay(Pause, time, either.Token);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"a silo does not answer within {Total.TotalSeconds:0.#} s");
        }
    }

    /// <summary>
    /// Whether the answer may never come: also when Orleans itself gave up to find the grain, which it does while a silo leaves the
    /// cluster.
    /// </summary>
    private static bool IsLost(Exception fault) => fault
        is OrleansMessageRejectionException or SiloUnavailableException or InconsistentStateException or TimeoutException
            or OperationCanceledException;
}
