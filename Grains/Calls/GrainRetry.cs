using Orleans.Storage;

namespace RegistryProxy.Grains.Calls;

/// <summary>
/// A question to a grain that may be asked twice, from where the first answer must not be lost: a proof that counts once was taken already.
/// When the silo of the grain dies, or is silent for as long as the question may take, it is asked again until the others have noticed.
/// </summary>
internal static class GrainRetry
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Longer than it takes the cluster to declare a silo dead.</summary>
    private static readonly TimeSpan Total = TimeSpan.FromSeconds(8);

    public static async Task<T> Call<T>(Func<ValueTask<T>> question, TimeProvider time, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await question().AsTask().WaitAsync(cancellation);
            }
            catch (Exception fault) when (IsLost(fault) && !cancellation.IsCancellationRequested && time.GetElapsedTime(started) < Total)
            {
                await Task.Delay(Pause, time, cancellation);
            }
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
