using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Operations;
using RegistryProxy.Silo.Admin.Operations;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Grains;

/// <summary>What the operations page says is wrong, since when and what to do.</summary>
public sealed class ProblemsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 0, 0, TimeSpan.Zero);

    private static readonly ClusterSight Well = new(
        "v1", new ConfigurationSight(new HostStart(new FixedConfiguration(ConfigurationDefaults.NoFile()), null, null, null)),
        [Upstream("hub")], [new CacheReport { Gateway = "g:1", State = "ok" }], [new ProcessStatus("gateway", "g", "1", Now, "v1", 1)],
        [new Activity("acme", [10, 1, 0.2, 5, 0, 0], [1, 1, 1, 1, 1, 1])]);

    [Fact]
    public void Files_that_differ_for_the_host_alone_are_one_configuration()
    {
        var seen = Well with
        {
            Processes =
            [
                new ProcessStatus("silo", "here", "1", Now, "v1", 1) { Shared = "x" },
                new ProcessStatus("silo", "other-listener", "1", Now, "v2", 1) { Shared = "x" },
                new ProcessStatus("gateway", "of-the-other", "1", Now, "v2", 1),
                new ProcessStatus("silo", "behind", "1", Now, "v0", 1) { Shared = "w" },
                new ProcessStatus("gateway", "of-the-one-behind", "1", Now, "v0", 1),
            ],
        };
        Assert.Equal(["silo behind", "gateway of-the-one-behind"], Problems.Of(seen).Select(problem => problem.Subject));
    }

    [Fact]
    public void What_processes_say_alike_is_one_problem_that_names_them()
    {
        var (waiting, errors) = (Trouble(ProcessTroubleKind.Waiting, "", "have it accepted: abc"), Trouble(
            ProcessTroubleKind.Errors, "", "The configuration file has 2 errors and is not in use: a.yaml:1: x"));
        var seen = Well with
        {
            Processes =
            [
                .. Enumerable.Range(0, 5).Select(i => new ProcessStatus("silo", $"s{i}", "1", Now, "v1", 1) { Troubles = [waiting] }),
                new ProcessStatus("gateway", "g", "1", Now, "v1", 1)
                {
                    Troubles = [errors, Trouble(ProcessTroubleKind.Certificate, "listen.tls", "The certificate of listen.tls ends soon.")],
                },
                new ProcessStatus("silo", "t", "1", Now, "v1", 1)
                {
                    Troubles =
                    [
                        Trouble(ProcessTroubleKind.Authenticator, "corp", "refused"),
                        Trouble(ProcessTroubleKind.Files, "authenticators.staff", "cannot be used"),
                    ],
                },
                new ProcessStatus("silo", "u", "1", Now, "v1", 1)
                {
                    Troubles = [Trouble(ProcessTroubleKind.Authenticator, "corp", "timed out") with { Since = Now.AddHours(-1) }],
                },
            ],
        };
        var problems = Problems.Of(seen).ToDictionary(problem => problem.Subject);
        Assert.Equal(
            ["authenticator corp", "authenticators.staff of silo t", "certificate listen.tls of gateway g", "configuration of gateway g",
                "configuration of silo s0, silo s1, silo s2 and 2 more"], problems.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("critical", Now.AddHours(-1), "Its server fails at silo t, silo u: refused."),
            (problems["authenticator corp"].Severity, problems["authenticator corp"].Since, problems["authenticator corp"].What));
        Assert.Contains("accepted: abc", problems["configuration of silo s0, silo s1, silo s2 and 2 more"].What);
        Assert.Equal(errors.What, problems["configuration of gateway g"].What);

        static ProcessTrouble Trouble(ProcessTroubleKind kind, string subject, string what) => new(kind, subject, what, Now);
    }

    [Theory]
    [InlineData(ProcessTroubleKind.Part, "tenant:acme", "warning", "tenant acme of silo s", "#/tenants/acme")]
    [InlineData(ProcessTroubleKind.Part, "file:conf.d/a.yaml", "warning", "conf.d/a.yaml of silo s", "#/cluster")]
    [InlineData(ProcessTroubleKind.Unusable, "managed:acme", "critical", "tenant acme of silo s", "#/tenants/acme")]
    [InlineData(ProcessTroubleKind.Audit, "", "critical", "audit log of silo s", "#/cluster")]
    [InlineData(ProcessTroubleKind.State, "", "critical", "state of silo s", "#/cluster")]
    [InlineData(ProcessTroubleKind.Restart, "", "warning", "configuration of silo s", "#/cluster")]
    public void What_one_process_says_is_told_by_its_kind(
        ProcessTroubleKind kind, string subject, string severity, string told, string link)
    {
        var seen = Well with
        {
            Processes = [new ProcessStatus("silo", "s", "1", Now, "v1", 1) { Troubles = [new ProcessTrouble(kind, subject, "what", Now)] }],
        };
        var problem = Assert.Single(Problems.Of(seen));
        Assert.Equal((severity, told, "what", Now, link), (problem.Severity, problem.Subject, problem.What, problem.Since, problem.Link));
        Assert.NotEmpty(problem.Advice);
    }

    [Fact]
    public void An_upstream_that_refuses_requests_and_takes_its_credential_is_no_alarm_and_told()
    {
        var refuses = new UpstreamTroubleStatus(UpstreamTrouble.Refuses, Now, "it refuses");
        Assert.Equal("warning", Assert.Single(Problems.Of(Well with
        {
            Upstreams = [Upstream("hub") with { State = "refused", FailingSince = Now, Troubles = [refuses] }],
        })).Severity);
        var problem = Assert.Single(Problems.Of(Well with { Upstreams = [Upstream("hub") with { Troubles = [refuses] }] }));
        Assert.Equal(("warning", "upstream hub", "it refuses", Now), (problem.Severity, problem.Subject, problem.What, problem.Since));
        Assert.Contains("upstream refused", problem.Advice);
    }

    [Fact]
    public void What_the_silo_that_answers_tells_of_its_own_files_is_not_told_twice_however_long_it_is()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider();
        const string Good = "upstreams: { hub: { url: \"https://hub.example\" } }\n" +
            "tenants: { all: { hosts: [\"*\"], routes: [{ prefix: \"\", upstream: hub }] } }\n";
        var name = $"{new string('c', 240)}.yaml";
        var path = folder.Write(name, Good);
        using var watcher = new ConfigurationWatcher(path, ConfigurationFile.Read(path).Snapshot!, time);
        folder.Write(name, Good.Replace("upstream: hub", "upstream: hubb"));
        time.Advance(TimeSpan.FromSeconds(3));
        var start = new HostStart(watcher, path, null, null);
        var troubles = ProcessTrouble.Bounded(
            ProcessTrouble.OfHost(HostTroubles.OfFiles(start), HostTroubles.OfParts(start), null, null, []));
        Assert.Equal(ProcessTrouble.MaxWhat, Assert.Single(troubles).What.Length);
        Assert.Single(Problems.Of(Well with
        {
            Configuration = new ConfigurationSight(start),
            Processes = [new ProcessStatus("silo", "s", "1", Now, "v1", 1) { Troubles = troubles }],
        }));
    }

    [Fact]
    public void Nothing_is_said_while_all_is_well() => Assert.Empty(Problems.Of(Well));

    [Fact]
    public void A_storage_that_fails_is_told_with_its_cause_and_since_when()
    {
        var outage = new StorageOutage(TimeSpan.FromSeconds(30), 12, $"RedisTimeoutException: {new string('x', 500)}");
        var problem = Assert.Single(Problems.Of(Well with { Storage = outage, Now = Now }));
        Assert.Equal(("critical", "state storage", Now - TimeSpan.FromSeconds(30)), (problem.Severity, problem.Subject, problem.Since));
        Assert.StartsWith("12 calls failed, the last one with RedisTimeoutException: x", problem.What);
        Assert.InRange(problem.What.Length, 50, 250);
        Assert.Contains("Redis", problem.Advice);
    }

    [Fact]
    public void An_upstream_that_fails_is_told_with_its_reason_time_and_link()
    {
        var failing = Upstream("acme/own") with { State = "failing", FailingSince = Now, LastError = "Connection refused" };
        var problem = Assert.Single(Problems.Of(Well with { Upstreams = [Upstream("hub"), failing] }));
        Assert.Equal(("critical", "upstream acme/own", Now, "#/upstreams/acme%2Fown"),
            (problem.Severity, problem.Subject, problem.Since, problem.Link));
        Assert.Contains("Connection refused", problem.What);
        Assert.NotEmpty(problem.Advice);
    }

    [Fact]
    public void A_refused_credential_says_which_key_to_mend() => Assert.Contains(
        "upstreams.hub.credentials",
        Assert.Single(Problems.Of(Well with { Upstreams = [Upstream("hub") with { State = "refused", FailingSince = Now }] })).Advice);

    [Fact]
    public void A_refused_credential_of_a_tenants_own_upstream_is_in_the_file_of_the_tenant() => Assert.Contains(
        "define.upstreams.hub.credentials of tenant acme",
        Assert.Single(Problems.Of(Well with { Upstreams = [Upstream("acme/hub") with { State = "refused", FailingSince = Now }] })).Advice);

    [Fact]
    public void The_worst_is_first_and_older_ones_before_newer()
    {
        var seen = Well with
        {
            Caches = [new CacheReport { Gateway = "g:1", State = "bypassed", Corrupt = 2 }],
            Upstreams =
            [
                Upstream("new") with { State = "failing", FailingSince = Now },
                Upstream("old") with { State = "failing", FailingSince = Now - TimeSpan.FromHours(1) },
                Upstream("limited") with { Account = new UpstreamAccountStatus { Limit = 100, Remaining = 0 } },
            ],
            Processes =
            [
                new ProcessStatus("gateway", "g", "1", Now, "v0", 1),
                new ProcessStatus("silo", "s", "1", Now, "v1", 20) { SilentSince = Now },
            ],
            Tenants = [new Activity("acme", [10, 0, 2, 0, 0, 0], [1, 1, 1, 1, 1, 1])],
        };
        Assert.Equal(
            ["upstream old", "upstream new", "silo s", "upstream limited", "cache of g:1", "cache of g:1", "gateway g", "tenant acme"],
            Problems.Of(seen).Select(problem => problem.Subject));
    }

    [Fact]
    public void Of_a_thousand_the_worst_are_told_and_the_others_counted()
    {
        var problems = Problems.Of(Well with
        {
            Caches = [.. Enumerable.Range(0, 1000).Select(i => new CacheReport { Gateway = $"g:{i}", State = "bypassed" })],
        });
        Assert.Equal(50, problems.Count);
        Assert.Contains("951 more problems", problems[^1].What);
    }

    [Fact]
    public void Many_of_a_kind_are_told_together_and_hide_no_other()
    {
        var problems = Problems.Of(Well with
        {
            Upstreams =
            [
                .. Enumerable.Range(0, 40).Select(i => Upstream($"u{i:00}") with { State = "failing", FailingSince = Now.AddMinutes(i) }),
                .. Enumerable.Range(0, 5).Select(i => Upstream($"r{i}") with { State = "refused", FailingSince = Now.AddHours(1) }),
            ],
            Tenants = [.. Enumerable.Range(0, 6).Select(i => new Activity($"t{i}", [10, 0, 2, 0, 0, 0], [1, 1, 1, 1, 1, 1]))],
        });
        Assert.Equal(
            ["upstream u00", "upstream u01", "upstream u02", "upstream u03", "36 more upstreams", "upstream r0", "upstream r1", "upstream r2",
                "upstream r3", "upstream r4", "tenant t0", "tenant t1", "tenant t2", "tenant t3", "2 more tenants"],
            problems.Select(problem => problem.Subject));
        Assert.Equal("The same of u04, u05, u06, u07, u08, u09, u10, u11 and 28 more.", problems[4].What);
        Assert.Equal((Now.AddMinutes(4), "#/upstreams", "critical"), (problems[4].Since, problems[4].Link, problems[4].Severity));
        Assert.Equal(("The same of t4, t5.", "#/tenants?by=errors"), (problems[^1].What, problems[^1].Link));
    }

    [Fact]
    public void What_cannot_be_asked_is_a_problem_and_hides_no_other()
    {
        var problems = Problems.Of(Well with
        {
            Upstreams = [Upstream("hub") with { State = "unknown" }, Upstream("old") with { State = "failing", FailingSince = Now }],
            Unknown = ["caches"],
        });
        Assert.Equal(["upstream old", "cluster", "upstreams"], problems.Select(problem => problem.Subject));
        Assert.Contains("caches", problems[1].What);
    }

    private static UpstreamStatus Upstream(string name) =>
        new() { Upstream = name, Credential = "basic", Scheme = "bearer", Breaker = "closed", State = "healthy" };
}
