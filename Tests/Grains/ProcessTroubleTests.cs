using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Operations;
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
        var all = model.Silos.Select(silo => new SiloTroubles(silo.Feed, outages).Now().ToList()).ToList();
        Assert.All(all, one => Assert.Single(one, trouble => trouble is { Kind: ProcessTroubleKind.Authenticator, Subject: "corp" }));
        var waiting = Assert.Single(all.SelectMany(one => one), trouble => trouble.Kind == ProcessTroubleKind.Waiting);
        Assert.Contains("POST /admin/configuration/accept {\"hash\": \"", waiting.What);
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
        var trouble = Assert.Single(ProcessTrouble.OfHost(HostTroubles.OfFiles(start), []));
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
