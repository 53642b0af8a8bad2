using RegistryProxy.NodeAgent.Telemetry;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>
/// The session of this node at one front door, in memory alone. One exchange serves everybody who asks meanwhile; from half of its life on
/// a new one is fetched behind the back of those who get the old one.
/// </summary>
internal sealed partial class DoorSession(DoorClient door, IIdentity identity, AgentMetrics metrics, TimeProvider time, ILogger<DoorSession> logger)
{
    private static readonly TimeSpan FailureServes = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private DoorCredential? _current;
    private Task<DoorCredential>? _exchange;
    private DateTimeOffset _failed = DateTimeOffset.MinValue;

    /// <summary>How long a proof may take.</summary>
    public TimeSpan Patience => identity.Patience;

    /// <summary>A credential that counts now.</summary>
    /// <exception cref="DoorException">There is none, and why.</exception>
    public async ValueTask<DoorCredential> Get(CancellationToken cancellation)
    {
        Task<DoorCredential> exchange;
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (_current is { } current && now < current.UsableUntil)
            {
                if (now >= current.RefreshAt && !RunsOrFailedLately(now))
                {
                    _exchange = Exchange();
                }

                return current;
            }

            exchange = _exchange = RunsOrFailedLately(now) ? _exchange! : Exchange();
        }

        return await exchange.WaitAsync(cancellation);
    }

    /// <summary>
    /// A credential that the front door takes at this moment: who hands it on to others does not hear from them when it was refused. Where the front
    /// door does not answer, the one that counts as far as this node knows.
    /// </summary>
    /// <exception cref="DoorException">There is none, and why.</exception>
    public async ValueTask<DoorCredential> GetConfirmed(CancellationToken cancellation)
    {
        var asked = time.GetUtcNow();
        var current = await Get(cancellation);
        if (current.Issued >= asked)
        {
            return current;
        }

        try
        {
            await door.AccessToken(current, door.Url.Host, "", cancellation);
            return current;
        }
        catch (DoorException failure) when (failure.Failure != DoorFailure.Refused)
        {
            return current;
        }
        catch (DoorException)
        {
            Forget(current);
            return await Get(cancellation);
        }
    }

    /// <summary>The front door did not take this credential: whoever comes next proves anew, if nobody did meanwhile.</summary>
    public void Forget(DoorCredential used)
    {
        lock (_lock)
        {
            if (_current == used)
            {
                _current = null;
            }
        }
    }

    private bool RunsOrFailedLately(DateTimeOffset now) =>
        _exchange is { IsCompleted: false } || (_exchange is { IsFaulted: true } && now - _failed < FailureServes);

    private async Task<DoorCredential> Exchange()
    {
        await Task.Yield();
        using var limit = new CancellationTokenSource(identity.Patience, time);
        try
        {
            var made = await identity.LogIn(door, limit.Token);
            lock (_lock)
            {
                _current = made;
            }

            metrics.Exchanged(door.Authority, good: true);
            LogMade(door.Authority, made.Expires);
            return made;
        }
        catch (Exception fault)
        {
            lock (_lock)
            {
                _failed = time.GetUtcNow();
            }

            metrics.Exchanged(door.Authority, good: false);
            LogFailed(door.Authority, fault.Message);
            throw fault as DoorException ?? new DoorException(DoorFailure.Unavailable, $"the login at {door.Authority} failed: {Words(fault)}");
        }
    }

    private string Words(Exception fault) => fault is OperationCanceledException ? $"no answer within {identity.Patience.TotalSeconds:0} s" : fault.Message;

    [LoggerMessage(Level = LogLevel.Information, Message = "A session at {Door} counts until {Expires:u}")]
    private partial void LogMade(string door, DateTimeOffset expires);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No session at {Door}: {Why}")]
    private partial void LogFailed(string door, string why);
}
