using RegistryProxy.Background;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// Tells an upstream that hangs from one that is slow: when a crowd waits and nobody was answered since, those who wait longer than is usual
/// for it give up. A request that waits alone has twenty seconds: containerd gives us thirty, and another gateway may have been waited for before.
/// </summary>
internal sealed class StallWatch(TimeProvider time)
{
    /// <summary>How many must be waiting.</summary>
    private const int Crowd = 50;

    /// <summary>How many times the slowest recent answer is too long.</summary>
    private const int Patience = 4;

    /// <summary>How many answers must have come before it is known what is usual.</summary>
    private const int Acquaintance = 100;

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(600);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>How long a request waits that waits alone.</summary>
    public static readonly TimeSpan Alone = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private int _waiting;
    private int _answers;
    private long _lastAnswer;
    private double _usual;

    /// <summary>Waits for the head of an answer.</summary>
    /// <exception cref="TimeoutException">The upstream hangs.</exception>
    public async Task<HttpResponseMessage> Watch(
        Func<CancellationToken, Task<HttpResponseMessage>> send, Func<bool> isSuspect, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var timer = GuardedTimer.Start(time, new Waiting(this, began, isSuspect, giveUp), Limit(isSuspect()), Step);
        Interlocked.Increment(ref _waiting);
        try
        {
            var response = await send(giveUp.Token);
            Answered(began);
            return response;
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException("no answer in time");
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private void Check(long began, Func<bool> isSuspect, CancellationTokenSource giveUp)
    {
        var stalled = Volatile.Read(ref _lastAnswer) < began && (isSuspect() || Volatile.Read(ref _waiting) >= Crowd);
        if (stalled || time.GetElapsedTime(began) >= Alone)
        {
            try
            {
                giveUp.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The answer came in this very moment.
            }
        }
    }

    private sealed class Waiting(StallWatch watch, long began, Func<bool> isSuspect, CancellationTokenSource giveUp) : ITicking
    {
        public void Tick() => watch.Check(began, isSuspect, giveUp);
    }

    private TimeSpan Limit(bool suspect) => Volatile.Read(ref _answers) < Acquaintance && !suspect
        ? Longest
        : TimeSpan.FromMilliseconds(Math.Clamp(Volatile.Read(ref _usual) * Patience, Shortest.TotalMilliseconds, Longest.TotalMilliseconds));

    /// <summary>The slowest answer counts, and is forgotten a hundredth with each that is faster.</summary>
    private void Answered(long began)
    {
        Volatile.Write(ref _lastAnswer, time.GetTimestamp());
        Volatile.Write(ref _usual, Math.Max(time.GetElapsedTime(began).TotalMilliseconds, Volatile.Read(ref _usual) * 0.99));
        if (Volatile.Read(ref _answers) < Acquaintance)
        {
            Interlocked.Increment(ref _answers);
        }
    }
}
