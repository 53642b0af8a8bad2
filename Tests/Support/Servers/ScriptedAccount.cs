using System.Collections.Concurrent;
using System.Reflection;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>The grain of an account, as a script.</summary>
internal sealed class ScriptedAccount
{
    private int _followed;

    public ScriptedAccount()
    {
        Factory = DispatchProxy.Create<IGrainFactory, ScriptedSessions.Proxy>();
        var grain = DispatchProxy.Create<IUpstreamAccountGrain, ScriptedSessions.Proxy>();
        ((ScriptedSessions.Proxy)(object)grain).Answer = Answer;
        ((ScriptedSessions.Proxy)(object)Factory).Answer = (_, args) => args[0] is IUpstreamAccountObserver observer ? observer : grain;
    }

    public IGrainFactory Factory { get; }

    public bool IsAway { get; set; }

    public BudgetLease Lease { get; set; } = new(20, TimeSpan.Zero);

    public UpstreamAccountState State { get; set; } = new(false, false, []);

    public ConcurrentQueue<(string Gateway, int Wanted, int Returned, int UnderWay)> Leased { get; } = new();

    public ConcurrentQueue<RateLimitSighting> Seen { get; } = new();

    public ConcurrentQueue<UpstreamThrottle> Throttles { get; } = new();

    public async Task Followed(int times)
    {
        await Eventually.True(() => Volatile.Read(ref _followed) >= times, "it follows");
        Assert.Equal(times, Volatile.Read(ref _followed));
    }

    private object Answer(string method, object?[] args)
    {
        switch (method)
        {
            case nameof(IUpstreamAccountGrain.Follow):
                Interlocked.Increment(ref _followed);
                return new ValueTask<UpstreamAccountState>(State);
            case nameof(IUpstreamAccountGrain.Lease):
                Leased.Enqueue(((string)args[0]!, (int)args[1]!, (int)args[2]!, (int)args[3]!));
                return new ValueTask<BudgetLease>(
                    IsAway ? Task.FromException<BudgetLease>(new InvalidOperationException("away")) : Task.FromResult(Lease));
            case nameof(IUpstreamAccountGrain.Observe):
                Seen.Enqueue((RateLimitSighting)args[0]!);
                return ValueTask.CompletedTask;
            default:
                Throttles.Enqueue((UpstreamThrottle)args[0]!);
                return ValueTask.CompletedTask;
        }
    }
}
