using RegistryProxy.Background;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// Tells an upstream that hangs from one that is slow: when a crowd waits for many repositories, or for a few while the host itself is
/// silent, and nobody was answered since, those who wait longer than is usual for it give up. A request that waits alone, or for what hangs
/// at a host that answers, has twenty seconds: containerd gives us thirty, and another gateway may have been waited for before. One timer
/// looks after all of them.
/// </summary>
/// <param name="host">Tells whether the host answers at all.</param>
/// <param name="isSuspect">Whether the upstream is taken for one that fails.</param>
/// <param name="time">The clock.</param>
internal sealed class StallWatch(HostProbe host, Func<bool> isSuspect, TimeProvider time) : ITicking
{
    /// <summary>How many must be waiting.</summary>
    private const int Crowd = 50;

    /// <summary>From how many on the host is asked, so that it has answered when they are a crowd.</summary>
    private const int Doubt = 25;

    /// <summary>How many times the slowest recent answer is too long.</summary>
    private const int TimeoutFactor = 4;

    /// <summary>How many answers must have come before it is known what is usual.</summary>
    private const int Acquaintance = 100;

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(600);
    private static readonly TimeSpan ShortestOfHost = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>How long a request waits that waits alone.</summary>
    public static readonly TimeSpan Alone = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();

    /// <summary>Those who wait, the first one first.</summary>
    private readonly LinkedList<Waiting> _waiting = [];
    private ITimer? _timer;
    private int _answers;
    private long _lastAnswer;
    private double _usual;

    /// <summary>Waits for the head of an answer.</summary>
    /// <exception cref="TimeoutException">The upstream hangs.</exception>
    public async Task<HttpResponseMessage> Watch(UpstreamQuestion question, CancellationToken cancellation)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var place = Enter(new Waiting(question, time.GetTimestamp(), Limit(isSuspect()), giveUp));
        try
        {
            var response = await question.Next.SendAsync(question.Request, giveUp.Token);
            Answered(place.Value.Began);
            return response;
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException("no answer in time");
        }
        finally
        {
            Leave(place);
        }
    }

    /// <summary>How long the host has to answer at all.</summary>
    public TimeSpan HostTimeout => Times(Volatile.Read(ref _answers) < Acquaintance, ShortestOfHost, HostProbe.Timeout);

    void ITicking.Tick()
    {
        List<CancellationTokenSource>? over = null;
        UpstreamQuestion? doubted = null;
        lock (_gate)
        {
            var isStalled = isSuspect() || IsStalled();
            doubted = Doubted();
            for (var next = _waiting.First; next is not null && time.GetElapsedTime(next.Value.Began) is var waited
                && waited >= Shortest; next = next.Next)
            {
                if (waited >= Alone || (waited >= next.Value.Limit && Volatile.Read(ref _lastAnswer) < next.Value.Began && isStalled))
                {
                    (over ??= []).Add(next.Value.GiveUp);
                }
            }
        }

        over?.ForEach(GiveUp);
        ProbeHost(doubted);
    }

    private LinkedListNode<Waiting> Enter(Waiting waiting)
    {
        LinkedListNode<Waiting> place;
        UpstreamQuestion? doubted;
        lock (_gate)
        {
            place = _waiting.AddLast(waiting);
            if (_waiting.Count == 1)
            {
                _timer ??= GuardedTimer.Start(time, this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _timer.Change(Shortest, Step);
            }

            doubted = Doubted();
        }

        ProbeHost(doubted);
        return place;
    }

    /// <summary>What to ask the host about: many wait who all came after the last answer.</summary>
    private UpstreamQuestion? Doubted()
    {
        if (_waiting.Count < Doubt)
        {
            return null;
        }

        var earliest = _waiting.Last!;
        for (var i = 1; i < Doubt; i++)
        {
            earliest = earliest.Previous!;
        }

        return Volatile.Read(ref _lastAnswer) < earliest.Value.Began ? earliest.Value.Question : null;
    }

    private void ProbeHost(UpstreamQuestion? doubted)
    {
        if (doubted is { } question)
        {
            _ = host.Fails(question, HostTimeout);
        }
    }

    private void Leave(LinkedListNode<Waiting> place)
    {
        lock (_gate)
        {
            _waiting.Remove(place);
            if (_waiting.Count == 0)
            {
                _timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>Whether a crowd waits, of which it is known that it waits for the upstream, and not for a few repositories.</summary>
    private bool IsStalled()
    {
        if (_waiting.Count < Crowd)
        {
            return false;
        }

        HashSet<string> repositories = [];
        foreach (var waiting in _waiting)
        {
            if (repositories.Add(FailingRepositories.RepositoryOf(waiting.Question.Scope).ToString())
                && repositories.Count == FailingRepositories.Many)
            {
                return true;
            }
        }

        return host.HasFailed;
    }

    private static void GiveUp(CancellationTokenSource waiting)
    {
        try
        {
            waiting.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The answer came in this very moment.
        }
    }

    private TimeSpan Limit(bool suspect) => Times(Volatile.Read(ref _answers) < Acquaintance && !suspect, Shortest, Longest);

    private TimeSpan Times(bool isStranger, TimeSpan shortest, TimeSpan longest) => isStranger
        ? longest
        : TimeSpan.FromMilliseconds(
            Math.Clamp(Volatile.Read(ref _usual) * TimeoutFactor, shortest.TotalMilliseconds, longest.TotalMilliseconds));

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

    private sealed record Waiting(UpstreamQuestion Question, long Began, TimeSpan Limit, CancellationTokenSource GiveUp);
}
