using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Background;

/// <summary>
/// What others leave with a loop to the last is handed on, in whichever order a host stops, and when its grace is over, too.
/// </summary>
public sealed class LastTurnTests
{
    /// <summary>Loops that nobody leaves anything with that a process may not take with it, and why.</summary>
    private static readonly Dictionary<string, string> LeaveNothing = new()
    {
        ["AuditTailSource"] = "gives what is asked for, and the log has it all",
        ["BackgroundConnection"] = "keeps a connection",
        ["CertificateReport"] = "looks at files",
        ["DiskRecovery"] = "reads a folder",
        ["ExpiringMemoryStorage"] = "forgets",
        ["FailingUpstreams"] = "an upstream that this gateway does not ask any more is told of no more, and the silos forget it",
        ["GatewayReporter"] = "what is shown ends with the process",
        ["InvalidationSubscription"] = "who was not told of the end of a write believes nothing of it",
        ["LimitReporter"] = "permits end by themselves",
        ["UnsharedNotice"] = "nothing is told to others",
        ["ManagedFollower"] = "reads what is stored",
        ["PartKeeper"] = "looks at files",
        ["PodWatch"] = "looks at pods",
        ["RevisionFollower"] = "follows a revision",
        ["SiloAuditLines"] = "gives what is asked for, and the log has it all",
        ["SiloReporter"] = "what is shown ends with the process",
        ["SnapshotFollower"] = "follows a snapshot",
        ["SnapshotPublisher"] = "follows a file",
        ["StateProbe"] = "tries the storage",
        ["StateSweep"] = "another silo sweeps",
        ["SuspendDetector"] = "compares clocks",
        ["UntoldWrites"] = "who was not told of the end of a write believes nothing of it",
    };

    [Fact]
    public void Every_loop_has_its_last_turn_or_nothing_to_hand_on()
    {
        var loops = Directory.EnumerateFiles(AppContext.BaseDirectory, "RegistryProxy.*.dll").Select(Path.GetFileNameWithoutExtension)
            .Where(name => name != typeof(LastTurnTests).Assembly.GetName().Name)
            .SelectMany(name => System.Reflection.Assembly.Load(name!).GetTypes())
            .Where(type => type is { IsAbstract: false } && type.IsAssignableTo(typeof(BackgroundLoop))).ToList();
        Assert.Equal(LeaveNothing.Keys.Order(StringComparer.Ordinal), loops.Where(type => !type.IsAssignableTo(typeof(LastingLoop)))
            .Select(type => type.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["AdminRefusals", "AuditLog", "UntoldRequests"], loops.Where(type => type.IsAssignableTo(typeof(LastingLoop)))
            .Select(type => type.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_happens_while_a_host_stops_is_in_the_audit_log(bool isGraceOver)
    {
        using var folder = new TemporaryFolder();
        var result = ConfigurationFile.Read(folder.Write("config.yaml", """
            audit: { file: audit.log }
            upstreams: { up: { url: "https://registry.example" } }
            tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }] } }
            """));
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddMetrics().AddLogging().AddSingleton(TimeProvider.System)
            .AddSingleton<IConfigurationFeed>(new FixedConfiguration(result.Snapshot!))
            .AddSingleton<AuditLog>()
            .AddHostedService<StopsAfterwards>()
            .AddHostedService(services => services.GetRequiredService<AuditLog>())
            .AddHostedService<StopsBefore>();
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        using var grace = new CancellationTokenSource();
        if (isGraceOver)
        {
            await grace.CancelAsync();
        }

        await host.StopAsync(grace.Token);
        var lines = await File.ReadAllLinesAsync(folder.File("audit.log"), TestContext.Current.CancellationToken);
        Assert.Equal(2_000, lines.Count(line => line.Contains("\"before\"", StringComparison.Ordinal)));
        Assert.Equal(2_000, lines.Count(line => line.Contains("\"afterwards\"", StringComparison.Ordinal)));
    }

    /// <summary>A part of a host that has something to say as it stops.</summary>
    private abstract class Part(AuditLog log, string says) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            for (var i = 0; i < 2_000; i++)
            {
                log.Write(new AuditEvent { Time = DateTimeOffset.UnixEpoch, Event = "denied", Reason = says });
            }

            return Task.CompletedTask;
        }
    }

    private sealed class StopsAfterwards(AuditLog log) : Part(log, "afterwards");

    private sealed class StopsBefore(AuditLog log) : Part(log, "before");
}
