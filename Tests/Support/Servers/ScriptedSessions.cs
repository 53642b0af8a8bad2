using System.Collections.Concurrent;
using System.Reflection;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>Grains of sessions and of the snapshot that are a script: what they say, and what they were asked.</summary>
internal sealed class ScriptedSessions
{
    private int _calls;
    private TaskCompletionSource? _hold;

    public ScriptedSessions()
    {
        Factory = DispatchProxy.Create<IGrainFactory, Proxy>();
        var grain = DispatchProxy.Create<ISessionGrain, Proxy>();
        var relay = DispatchProxy.Create<IRelayGrain, Proxy>();
        ((Proxy)(object)grain).Answer = (method, args) => method == nameof(ISessionGrain.Decide)
            ? new ValueTask<SessionDecision>(Decide((string)args[0]!))
            : new ValueTask<SessionDecisions>(DecideAll((IReadOnlyList<string>)args[0]!));
        ((Proxy)(object)relay).Answer = (method, args) => method switch
        {
            nameof(IRelayGrain.Decide) => new ValueTask<SessionDecision>(Decide((string)args[1]!)),
            nameof(IRelayGrain.DecideAll) => new ValueTask<SessionDecisions>(DecideAll((IReadOnlyList<string>)args[1]!)),
            nameof(IRelayGrain.Follow) => new ValueTask<SnapshotUpdate>(Task.FromResult(Say((SnapshotPosition)args[1]!))),
            nameof(IRelayGrain.Where) => new ValueTask<string>("one"),
            _ => ValueTask.CompletedTask,
        };
        ((Proxy)(object)Factory).Answer = (_, args) => args[0] switch
        {
            string => grain,
            ISnapshotObserver observer => observer,
            _ => relay,
        };
    }

    public IGrainFactory Factory { get; }

    /// <summary>What is decided.</summary>
    public SessionDecision Decision { get; set; } = new() { Open = true, Lease = TimeSpan.FromSeconds(60) };

    /// <summary>Whether nobody answers.</summary>
    public bool IsAway { get; set; }

    /// <summary>Whether no answer ever comes.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Whether a session is left out of each answer.</summary>
    public bool Forgets { get; set; }

    /// <summary>How many calls there were.</summary>
    public int Calls => Volatile.Read(ref _calls);

    /// <summary>The sessions that were asked for, in order.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>What is said to who follows the snapshot.</summary>
    public Func<SnapshotPosition, SnapshotUpdate> Follow { get; set; } = known => new SnapshotUpdate { Position = known };

    /// <summary>The positions of those who followed, in order.</summary>
    public ConcurrentQueue<SnapshotPosition> Followed { get; } = new();

    /// <summary>Keeps the next answer back until the source ends; what it says is decided now.</summary>
    public TaskCompletionSource Hold() => _hold = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Waits until there were so many calls.</summary>
    public Task Called(int calls) => Eventually.True(() => Calls >= calls, $"{calls} calls");

    private SnapshotUpdate Say(SnapshotPosition known)
    {
        Followed.Enqueue(known);
        return Follow(known);
    }

    private async Task<SessionDecision> Decide(string session) => (await DecideAll([session])).Distinct[0];

    private async Task<SessionDecisions> DecideAll(IReadOnlyList<string> sessions)
    {
        var (decision, hold) = (Decision, Interlocked.Exchange(ref _hold, null));
        sessions.ToList().ForEach(Asked.Enqueue);
        Interlocked.Increment(ref _calls);
        await (IsSilent ? new TaskCompletionSource().Task : hold?.Task ?? Task.CompletedTask);
        return IsAway ? throw new InvalidOperationException("away")
            : new SessionDecisions([decision], new int[sessions.Count - (Forgets ? 1 : 0)]);
    }

#pragma warning disable CA1852 // DispatchProxy derives from it.
    internal class Proxy : DispatchProxy
    {
        public Func<string, object?[], object?> Answer { get; set; } = null!;

        /// <summary>Answers by the method that is called, where its name is not enough.</summary>
        public Func<MethodInfo, object?>? AnswerTo { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            AnswerTo is { } answer ? answer(targetMethod!) : Answer(targetMethod!.Name, args!);
    }
#pragma warning restore CA1852
}
