using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Timers;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Background;

/// <summary>
/// Every loop and every timer of every host is made to fail: none of them has anything that it works with, so each fails in its own work.
/// It is told, and it goes on.
/// </summary>
public sealed class BackgroundFaultTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>Services that do something when a host starts or ends, and nothing in between.</summary>
    private static readonly string[] AtStartAlone = ["ConfigurationReport", "ProxyReport", "HeldSilo", "ProcessMeter"];

    private static readonly Type[] Product =
    [
        .. Directory.EnumerateFiles(AppContext.BaseDirectory, "RegistryProxy.*.dll").Select(Path.GetFileNameWithoutExtension)
            .Order(StringComparer.Ordinal)
            .Where(name => name != typeof(BackgroundFaultTests).Assembly.GetName().Name)
            .SelectMany(name => Assembly.Load(name!).GetTypes()),
    ];

    private readonly ConcurrentDictionary<string, int> _faults = new();
    private readonly MeterListener _listener = new();

    public BackgroundFaultTests()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == BackgroundFaults.MeterName)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>(
            (_, _, tags, _) => _faults.AddOrUpdate((string)tags[0].Value!, 1, static (_, count) => count + 1));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public void Every_service_of_a_host_is_a_loop_or_works_at_the_start_alone()
    {
        var services = Concrete(typeof(IHostedService)).ToList();
        Assert.Equal([], services.Where(type => !type.IsAssignableTo(typeof(BackgroundLoop))).Select(type => type.Name)
            .Except(AtStartAlone));
        Assert.True(services.Count(type => type.IsAssignableTo(typeof(BackgroundLoop))) >= 12, $"{services.Count} services");
    }

    [Fact]
    public async Task Every_loop_is_begun_again_after_its_own_fault_and_ends_with_its_host()
    {
        var loops = Concrete(typeof(BackgroundLoop)).Select(type => (BackgroundLoop)RuntimeHelpers.GetUninitializedObject(type)).ToList();
        using var stop = new CancellationTokenSource();
        foreach (var loop in loops)
        {
            await loop.StartAsync(stop.Token);
        }

        try
        {
            await Eventually.True(() => loops.TrueForAll(loop => FaultsOf(loop) >= 2), "each is begun again");
            Assert.All(loops, loop => Assert.False(loop.ExecuteTask!.IsCompleted, loop.GetType().Name));
        }
        finally
        {
            await stop.CancelAsync();
        }

        await Eventually.True(() => loops.TrueForAll(loop => loop.ExecuteTask!.IsCompleted), "each ends");
        Assert.All(loops, loop => Assert.True(loop.ExecuteTask!.IsCompletedSuccessfully, loop.GetType().Name));
    }

    [Fact]
    public void Every_timer_ticks_again_after_its_own_fault()
    {
        var (time, failed) = (new FakeTimeProvider(), 0);
        foreach (var type in Concrete(typeof(ITicking)))
        {
            var target = (ITicking)RuntimeHelpers.GetUninitializedObject(type);
            var before = FaultsOf(target);
            using (GuardedTimer.Start(time, target, Second, Second))
            {
                time.Advance(3 * Second);
            }

            // Some have nothing left to do after the first.
            failed += FaultsOf(target) - before >= 3 ? 1 : 0;
        }

        Assert.True(failed >= 5, $"{failed} failed");
    }

    [Fact]
    public async Task Every_timer_of_a_grain_ticks_again_after_its_own_fault()
    {
        var ticks = Concrete(typeof(Grain)).SelectMany(TicksOf).ToList();
        Assert.Equal(["KeyRingGrain", "RobotsGrain", "TenantSessionsGrain"],
            ticks.Select(tick => tick.Grain.GetType().Name).Order(StringComparer.Ordinal));
        foreach (var (grain, tick) in ticks)
        {
            await GuardedGrainTimer.Guard(grain, tick, default);
            await GuardedGrainTimer.Guard(grain, (_, _) => throw new StateUnavailableException("away"), default);
            await GuardedGrainTimer.Guard(grain, tick, default);
        }

        Assert.True(_faults.GetValueOrDefault(nameof(Grain)) >= 2 * ticks.Count, $"{_faults.GetValueOrDefault(nameof(Grain))} faults");
    }

    private static IEnumerable<Type> Concrete(Type kind) =>
        Product.Where(type => type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false } && type.IsAssignableTo(kind));

    private int FaultsOf(object worker) => _faults.GetValueOrDefault(worker.GetType().Name);

    /// <summary>What the timers of a grain call: the compiler puts each into a class of its own beside the grain.</summary>
    private static IEnumerable<(Grain Grain, Func<Grain, CancellationToken, Task> Tick)> TicksOf(Type grain)
    {
        foreach (var method in grain.GetNestedTypes(BindingFlags.NonPublic)
            .SelectMany(type => type.GetMethods(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)))
        {
            if (method.ReturnType == typeof(Task) && method.GetParameters() is [var self, var stop] && self.ParameterType == grain
                && stop.ParameterType == typeof(CancellationToken))
            {
                yield return ((Grain)RuntimeHelpers.GetUninitializedObject(grain), (instance, cancellation) =>
                    (Task)method.Invoke(RuntimeHelpers.GetUninitializedObject(method.DeclaringType!), [instance, cancellation])!);
            }
        }
    }
}
