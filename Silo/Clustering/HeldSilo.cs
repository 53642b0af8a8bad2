using RegistryProxy.Silo.Storage;

namespace RegistryProxy.Silo.Clustering;

/// <summary>
/// Starts the silo of Orleans once it can read the state of its cluster. A silo that joined without its keys would be given grains that it
/// cannot serve; so it stays outside, and <c>/readyz</c> says why.
/// </summary>
internal sealed partial class HeldSilo(
    IHostedService silo, StateProbe probe, HeldSilo.HeldLog held, TimeProvider time, IHostApplicationLifetime lifetime,
    ILogger<HeldSilo> logger)
    : IHostedService, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();
    private Task _starting = Task.CompletedTask;
    private bool _isStarted;

    /// <summary>
    /// Puts itself in the place of Orleans' own service, so that what starts after it still does. While the silo is held, what calls its
    /// grains fails in Orleans, hundreds of lines in a second: none of them is written, so that the one that says why it is held is seen.
    /// </summary>
    public static void Hold(IServiceCollection services)
    {
        var held = new HeldLog();
        services.AddSingleton(held);
        services.AddLogging(logging => logging.AddFilter("Orleans", level => level >= LogLevel.Warning && !held.IsOn));
        var index = services.ToList()
            .FindIndex(service => service.ServiceType == typeof(IHostedService) && service.ImplementationType?.Name == "SiloHostedService");
        var silo = services[index].ImplementationType!;
        services[index] = ServiceDescriptor.Singleton<IHostedService>(provider => ActivatorUtilities.CreateInstance<HeldSilo>(
            provider, (IHostedService)ActivatorUtilities.CreateInstance(provider, silo)));
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (await probe.Look())
        {
            await Start(cancellationToken);
        }
        else
        {
            held.IsOn = true;
            _starting = StartLater();
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _starting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_isStarted)
        {
            await silo.StopAsync(cancellationToken);
        }
    }

    public void Dispose() => _stop.Dispose();

    private Task Start(CancellationToken cancellation)
    {
        (_isStarted, held.IsOn) = (true, false);
        return silo.StartAsync(cancellation);
    }

    private async Task StartLater()
    {
        while (true)
        {
            await Task.Delay(Period, time, _stop.Token);
            if (await probe.Look())
            {
                try
                {
                    await Start(_stop.Token);
                }
                catch (Exception fault)
                {
                    LogFailed(fault);
                    Environment.ExitCode = 1;
                    lifetime.StopApplication();
                }

                return;
            }
        }
    }

    /// <summary>Whether Orleans' lines are left out.</summary>
    internal sealed class HeldLog
    {
        private volatile bool _isOn;

        public bool IsOn
        {
            get => _isOn;
            set => _isOn = value;
        }
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The silo could not start; the process exits so that its supervisor restarts it")]
    private partial void LogFailed(Exception fault);
}
