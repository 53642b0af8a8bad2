using RegistryProxy.Background;

namespace RegistryProxy.Configuration.Reload;

/// <summary>What was read for a configuration and from the files that it names; never changed.</summary>
/// <param name="Of">That configuration; <c>null</c> for nothing that was read.</param>
/// <param name="Version">Another one whenever the content means something else; says nothing of secrets.</param>
public abstract record ReloadedContent(ConfigurationSnapshot? Of, string Version);

/// <summary>
/// Content that comes of the configuration and of files that it names: read when either changed, and looked at twice a second. What can go
/// wrong with a file is for the derived class to say and to survive.
/// </summary>
/// <typeparam name="TContent">What is read.</typeparam>
public abstract class ReloadedState<TContent> : ITicking, IDisposable
    where TContent : ReloadedContent
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    private readonly IConfigurationFeed _configuration;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private volatile TContent _content;

    /// <param name="configuration">The running configuration.</param>
    /// <param name="time">The clock of the looks.</param>
    /// <param name="nothing">What is there before the first reading. That is made here: fields of a derived class are set by then.</param>
    protected ReloadedState(IConfigurationFeed configuration, TimeProvider time, TContent nothing)
    {
        (_configuration, Time) = (configuration, time);
        _content = Read(configuration.Current, nothing);
        Follow();
        configuration.Changed += Check;
        _timer = GuardedTimer.Start(time, this, Period, Period);
    }

    /// <summary>Raised after the version of the content changed.</summary>
    public event Action? Changed;

    /// <summary>What was read last.</summary>
    protected TContent Content => _content;

    /// <summary>The clock.</summary>
    protected TimeProvider Time { get; }

    /// <summary>The running configuration.</summary>
    protected IConfigurationFeed Configuration => _configuration;

    /// <inheritdoc/>
    public void Dispose()
    {
        _configuration.Changed -= Check;
        _timer.Dispose();
        Dispose(_content);
        GC.SuppressFinalize(this);
    }

    void ITicking.Tick() => Check();

    /// <summary>Reads all. A file that cannot be used leaves what was read before in its place.</summary>
    protected abstract TContent Read(ConfigurationSnapshot snapshot, TContent before);

    /// <summary>
    /// Whether a file may hold something else than what was read from it. All are looked at, without anything that lives longer.
    /// </summary>
    protected abstract bool HasChanged(TContent content);

    /// <summary>The content was replaced and announced; what only the former one had may be given up.</summary>
    protected virtual void Replaced(TContent before, TContent now)
    {
    }

    /// <summary>Begins to listen to what else the content depends on, when it was read first.</summary>
    protected virtual void Follow()
    {
    }

    /// <summary>The last content is of no use any more.</summary>
    protected virtual void Dispose(TContent content)
    {
    }

    /// <summary>Tells everybody who listens.</summary>
    protected void Raise() => BackgroundFaults.Raise(Changed, handler => handler());

    private void Check()
    {
        TContent before, now;
        lock (_gate)
        {
            before = _content;
            if (ReferenceEquals(before.Of, _configuration.Current) && !HasChanged(before))
            {
                return;
            }

            now = _content = Read(_configuration.Current, before);
        }

        if (now.Version != before.Version)
        {
            Raise();
        }

        Replaced(before, now);
    }
}
