using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Storage;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Operations;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Grains.Upstreams.StoredState;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Operations;
using RegistryProxy.Tests.Configuration;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Grains;

/// <summary>What a process says is wrong in it, for the operations page.</summary>
public sealed class ProcessTroubleTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly TemporaryFolder _folder = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    [Fact]
    public void A_silo_whose_file_waits_for_an_operator_says_what_to_accept_and_which_authenticators_fail()
    {
        using var texts = new AgreementTexts();
        var model = new AgreementModel(2, texts);
        var random = new Random(1);
        model.Pass(random, 2);
        model.Silos[0].Edit(1);
        model.Silos[1].Edit(2);
        for (var i = 0; i < 5; i++)
        {
            model.Pass(random, 2);
        }

        var outages = new ServiceOutages(
            _services.GetRequiredService<IMeterFactory>(), _time, NullLogger<ServiceOutages>.Instance);
        outages.Of("corp").Failed(new TimeoutException("too slow"));
        var all = model.Silos.Select(silo => new SiloTroubles(silo.Feed, outages, new RefusingState()).Now().ToList()).ToList();
        Assert.All(all, one => Assert.Single(one, trouble => trouble is { Kind: ProcessTroubleKind.Authenticator, Subject: "corp" }));
        var waiting = Assert.Single(all.SelectMany(one => one), trouble => trouble.Kind == ProcessTroubleKind.Waiting);
        Assert.Contains("POST /admin/configuration/accept {\"hash\": \"", waiting.What);
        Assert.All(all, one => Assert.Single(one, trouble => trouble is { Kind: ProcessTroubleKind.State, What: "refused", Since: not null }));
    }

    private sealed class RefusingState : IStateHealth
    {
        public StorageOutage? Outage => null;

        public (string What, DateTimeOffset At)? Refusal => ("refused", DateTimeOffset.UnixEpoch);
    }

    [Fact]
    public async Task A_record_that_is_refused_is_told_of_for_a_quarter_of_an_hour()
    {
        var store = new StateStore(
            new RefusingStorage(), _time, _services.GetRequiredService<IMeterFactory>(), NullLogger<StateStore>.Instance);
        Assert.Null(store.Refusal);
        await Assert.ThrowsAsync<StateRefusedException>(
            () => store.Open<StampKey>("token", GrainId.Create("upstreamtoken", "up")).Get().AsTask());
        Assert.Equal(("the stored state 'token' is refused", _time.GetUtcNow()), store.Refusal);
        Assert.Null(store.Outage);
        _time.Advance(TimeSpan.FromMinutes(16));
        Assert.Null(store.Refusal);
    }

    private sealed class RefusingStorage : IGrainStorage
    {
        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            throw new StateRefusedException($"the stored state '{stateName}' is refused");

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new NotSupportedException();

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new NotSupportedException();
    }

    [Fact]
    public async Task Audit_events_that_are_lost_are_told_of_until_a_while_after_the_last()
    {
        var path = _folder.Write("disk", "no folder");
        var feed = new FixedConfiguration(ConfigurationDefaults.NoFile() with
        {
            Configuration = new FrontDoorConfiguration { Audit = new AuditConfiguration { File = $"{path}/audit.log" } },
        });
        var audit = new AuditLog(feed, _services.GetRequiredService<IMeterFactory>(), _time, NullLogger<AuditLog>.Instance);
        Assert.Null(audit.Trouble);
        await audit.StartAsync(CancellationToken.None);
        audit.Write(new AuditEvent { Time = _time.GetUtcNow(), Event = "login" });
        await Eventually.True(
            () => audit.Trouble?.What.StartsWith("The audit log cannot be written, ", StringComparison.Ordinal) == true, "it is told");
        Assert.Equal(ProcessTroubleKind.Audit, Assert.Single(ProcessTrouble.OfHost(null, [], audit.Trouble, null, [])).Kind);
        File.Delete(path);
        Directory.CreateDirectory(path);
        await Eventually.True(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                audit.Write(new AuditEvent { Time = _time.GetUtcNow(), Event = "login" });
                return audit.Trouble?.What.EndsWith("events of the audit log are lost; it is written again.", StringComparison.Ordinal) == true;
            },
            "it is written again");
        _time.Advance(TimeSpan.FromMinutes(16));
        Assert.Null(audit.Trouble);
        await audit.StopAsync(CancellationToken.None);
    }

    [Fact]
    public void Parts_that_are_not_in_use_and_what_needs_a_restart_are_said()
    {
        const string Good = "routes: [{ prefix: \"\", upstream: hub }]\n";
        _folder.Write("acme.yaml", Good);
        var main = $$"""
            listen: { data: "http://127.0.0.1:5000" }
            upstreams: { hub: { url: "https://hub.example" } }
            tenants: { acme: { file: acme.yaml, hosts: [a.example], mayUse: { upstreams: [hub] } } }
            """;
        var path = _folder.Write("config.yaml", main);
        using var watcher = new ConfigurationWatcher(path, ConfigurationFile.Read(path).Snapshot!, _time);
        var start = new HostStart(watcher, path, null, null);
        Assert.Empty(Troubles());
        _folder.Write("acme.yaml", "routes: nonsense\n");
        Until(() => Troubles().Count == 1);
        Assert.Equal([(ProcessTroubleKind.Part, "tenant:acme", watcher.BrokenSince)],
            Troubles().Select(one => (one.Kind, one.Subject, one.Since)));
        Assert.Matches("acme.yaml has [0-9] errors?: ", Troubles()[0].What);
        _folder.Write("acme.yaml", Good);
        _folder.Write("config.yaml", main.Replace("127.0.0.1:5000", "127.0.0.1:5002"));
        Until(() => Troubles() is [{ Kind: ProcessTroubleKind.Restart }]);
        var restart = Assert.Single(Troubles());
        Assert.Equal("Changes of listen are not in use yet.", restart.What);
        Assert.Equal(ProcessTroubleKind.Restart, restart.Kind);

        List<ProcessTrouble> Troubles() => [.. ProcessTrouble.OfHost(
            HostTroubles.OfFiles(start), HostTroubles.OfParts(start), null, HostTroubles.OfRestart(start), [])];

        void Until(Func<bool> isTold)
        {
            for (var second = 0; second < 20 && !isTold(); second++)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
            }
        }
    }

    [Fact]
    public void Errors_of_the_files_of_a_host_are_said_with_the_first_place_and_end_when_they_are_mended()
    {
        const string Good = """
            upstreams: { hub: { url: "https://hub.example" } }
            tenants: { all: { hosts: ["*"], routes: [{ prefix: "", upstream: hub }] } }
            """;
        var path = _folder.Write("config.yaml", Good);
        using var watcher = new ConfigurationWatcher(path, ConfigurationFile.Read(path).Snapshot!, _time);
        var start = new HostStart(watcher, path, null, null);
        Assert.Null(HostTroubles.OfFiles(start));
        _folder.Write("config.yaml", $"{Good.Replace("https://hub.example", "nonsense")}\ntenant: 1\n");
        _time.Advance(TimeSpan.FromSeconds(3));
        var trouble = Assert.Single(ProcessTrouble.OfHost(HostTroubles.OfFiles(start), [], null, null, []));
        Assert.Equal((ProcessTroubleKind.Errors, watcher.BrokenSince), (trouble.Kind, trouble.Since));
        Assert.StartsWith($"The configuration file has 2 errors and is not in use: {path}:1: upstreams.hub.url: ", trouble.What);
        _folder.Write("config.yaml", Good);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Null(HostTroubles.OfFiles(start));
    }

    [Fact]
    public void A_report_has_room_for_some_and_no_long_one()
    {
        var many = ProcessTrouble.Bounded(Enumerable.Range(0, 100).Select(
            i => new ProcessTrouble(ProcessTroubleKind.Files, $"{i}", new string('x', 1000), null)));
        Assert.Equal(ProcessTrouble.MaxOfProcess, many.Count);
        Assert.All(many, trouble => Assert.Equal(ProcessTrouble.MaxWhat, trouble.What.Length));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _services.Dispose();
        _folder.Dispose();
    }
}
