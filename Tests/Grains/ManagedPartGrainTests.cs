using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Managed;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.State;

namespace RegistryProxy.Tests.Grains;

/// <summary>The state has one part of a managed tenant, and all silos go by it, whatever becomes of a write.</summary>
public sealed class ManagedPartGrainTests : IDisposable
{
    private const string Yaml = """
        upstreams: { up: { url: "https://registry.example" } }
        authenticators: { staff: { type: htpasswd, file: htpasswd, groups: { admins: [alice] } } }
        tenants:
          acme: { hosts: ["a.example"], mayUse: { upstreams: [up], authenticators: [staff] }, administrators: ["group:staff/admins"], managed: true }
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentBag<ConfigurationWatcher> _silos = [];
    private readonly FailingWrites.Plan _plan = new();

    public ManagedPartGrainTests() => _folder.Write("htpasswd", $"alice:{BCrypt.Net.BCrypt.HashPassword("pw", 4)}\n");

    [Fact]
    public async Task A_write_that_fails_leaves_what_the_storage_has_on_every_silo()
    {
        await using var cluster = await Start();
        var (random, token, number, newest) = (new Random(5), await Login(cluster), 0L, 0);
        for (var i = 0; i < 18; i++)
        {
            _plan.Failure = (WriteFailure)random.Next(3);
            var tag = (await Ask(cluster, token, "GET")).ETag!;
            var asked = Ask(cluster, token, "PUT", Part(i), tag);
            if (_plan.Failure == WriteFailure.None)
            {
                Assert.Equal(200, (await asked).Status);
            }
            else
            {
                await Assert.ThrowsAnyAsync<Exception>(() => asked);
            }

            (number, newest) = _plan.Failure == WriteFailure.Before ? (number, newest) : (number + 1, i);
            _plan.Failure = WriteFailure.None;
            var shown = await Ask(cluster, token, "GET");
            Assert.Equal(number == 0 ? "" : Part(newest), shown.Body!.Reveal());
            Assert.StartsWith($"\"{number}", shown.ETag);
            if (number > 0)
            {
                await Eventually.True(() => _silos.All(silo => RuleOf(silo) == $"rule-{newest}"), "each silo decides by what is stored");
            }
        }
    }

    [Fact]
    public async Task A_gateway_reads_and_changes_nothing_without_an_administrators_token()
    {
        await using var cluster = await Start();
        foreach (var client in new[] { cluster.Client, cluster.Service<IGrainFactory>() })
        {
            var part = client.GetGrain<IManagedPartGrain>("acme");
            await Assert.ThrowsAsync<UnauthorizedAccessException>(async () => await part.Current());
            await Assert.ThrowsAsync<UnauthorizedAccessException>(async () => await part.Versions());
            await Assert.ThrowsAsync<UnauthorizedAccessException>(
                async () => await part.Write(new ManagedOrder(0, new Secret(Part(1)), "x", "")));
            await Assert.ThrowsAsync<UnauthorizedAccessException>(
                async () => await client.GetGrain<IManagedNewsGrain>(0).Announce("acme"));
            await Assert.ThrowsAsync<UnauthorizedAccessException>(async () => await client.GetGrain<ITenantReportGrain>("acme").Change(
                new string('0', 64), new AdministrationRequest { Token = new Secret(""), Method = "GET", Path = "configuration" }));
        }

        foreach (var (method, path) in new[]
        {
            ("GET", "configuration"), ("PUT", "configuration"), ("GET", "configuration/history"), ("POST", "configuration/rollback"),
        })
        {
            Assert.Equal(401, (await Ask(cluster, "x.y.z", method, Part(1), "*", path)).Status);
        }

        Assert.Equal("", (await Ask(cluster, await Login(cluster), "GET")).Body!.Reveal());
    }

    [Fact]
    public async Task Checks_and_changes_are_so_many_and_no_text_is_longer_than_a_file()
    {
        await using var cluster = await Start();
        var token = await Login(cluster);
        Assert.Equal(413, (await Ask(cluster, token, "PUT", new string('#', ConfigurationFile.MaxBytes + 1), "*")).Status);
        List<int> statuses = [];
        for (var i = 0; i < 60; i++)
        {
            statuses.Add((await Ask(cluster, token, "PUT", Part(i), "*")).Status);
        }

        Assert.Contains(429, statuses);
        Assert.True(statuses.Count(status => status == 200) >= 20);
    }

    [Fact]
    public void What_is_kept_of_the_past_has_an_end()
    {
        IReadOnlyList<ManagedVersion> versions = [];
        for (var i = 1; i <= 200; i++)
        {
            versions = ManagedHistory.With(versions, Version(i, i % 7 == 0 ? 100_000 : 10));
            Assert.Equal(i, versions[0].Number);
            Assert.True(versions.Count <= ManagedHistory.MaxVersions);
        }

        Assert.Equal(ManagedHistory.MaxVersions, versions.Count);
        for (var i = 201; i <= 210; i++)
        {
            versions = ManagedHistory.With(versions, Version(i, ConfigurationFile.MaxBytes));
        }

        Assert.Equal([210, 209, 208], versions.Select(version => version.Number));
        var state = new ManagedPartState { Versions = versions, Kept = DateTimeOffset.UnixEpoch };
        Assert.Equal(DateTimeOffset.UnixEpoch + TimeSpan.FromDays(90), state.KeepUntil);
    }

    public void Dispose()
    {
        foreach (var silo in _silos)
        {
            silo.Dispose();
        }

        _folder.Dispose();
    }

    private static ManagedVersion Version(long number, int length) =>
        new(number, new Secret(new string('x', length)), DateTimeOffset.UnixEpoch, "operator", "");

    private static string Part(int number) => $$"""
        authenticators: [staff]
        routes: [{ prefix: "", upstream: up }]
        access: [{ name: rule-{{number}}, who: [authenticated], repositories: ["**"], actions: [pull] }]
        """;

    private static string? RuleOf(ConfigurationWatcher silo) =>
        silo.Current.Configuration.Tenants["acme"].Access is [var rule, ..] ? rule.Name : null;

    private Task<GrainCluster> Start()
    {
        var path = _folder.Write("config.yaml", Yaml);
        return GrainCluster.Start(Yaml, silos: 2, prepare: folder => File.Copy(_folder.File("htpasswd"), folder.File("htpasswd")), silo: silo =>
        {
            var files = new ConfigurationFiles(path);
            var watcher = new ConfigurationWatcher(files, files.Read(), TimeProvider.System);
            _silos.Add(watcher);
            silo.Services.AddSingleton<IConfigurationFeed>(watcher);
            silo.Services.AddKeptParts(watcher);
            FailingWrites.Add(silo.Services, "managed", _plan);
        });
    }

    private static async Task<AdministrationReply> Ask(
        GrainCluster cluster, string token, string method, string? body = null, string? ifMatch = null, string path = "configuration") =>
        await cluster.Client.GetGrain<ITenantAdministrationGrain>("acme").Handle(new AdministrationRequest
        {
            Token = new Secret(token), Method = method, Path = path, IfMatch = ifMatch,
            Body = body is null || method == "GET" ? null : new Secret(body),
        });

    private static async Task<string> Login(GrainCluster cluster)
    {
        var result = await cluster.Client.GetGrain<ILoginGrain>(0).Login(new LoginRequest
        {
            Tenant = "acme", Service = "here", Administers = true,
            Credentials = new LoginCredentials(LoginCredentialsKind.Password, "alice", new Secret("pw")),
        });
        return result.AccessToken!.Reveal();
    }
}
