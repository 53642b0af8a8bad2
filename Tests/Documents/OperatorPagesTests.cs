using System.Net.Sockets;
using System.Text.Json;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Documents;

/// <summary>The commands of the pages for operators, against one front door, a silo, and what they name in the repository.</summary>
public sealed class OperatorPagesTests(Lab lab, OperatorPagesTests.OperatorDoor shared) : IClassFixture<OperatorPagesTests.OperatorDoor>
{
    private const string Disaster = "docs/guides/disaster.md";
    private const string Images = "docs/guides/images.md";
    private const string Observability = "docs/guides/observability.md";
    private const string Robots = "docs/robots.md";
    private const string Upgrade = "docs/guides/upgrade.md";

    private FrontDoor Door => shared.Door;

    [Fact]
    [Types(Robots, "curl -s -X POST", "echo \"$SECRET\"")]
    [Types(Disaster, "curl -sf", "curl -X POST")]
    public async Task A_robot_and_a_person_log_in_until_their_credential_leaked()
    {
        using var typist = NewTypist();
        await typist.HasDocker(await lab.Docker);
        typist.Knows(KubernetesPagesTests.Kubectl);
        var (robots, disaster) = (TypedPage.Of(Robots), TypedPage.Of(Disaster));
        var made = await typist.Type(robots.Next());
        made.ShouldSucceed();
        typist.Has("SECRET", JsonDocument.Parse(made.Output).RootElement.GetProperty("secret").GetString()!);
        var used = await typist.Type(robots.Next());
        used.ShouldSucceed();
        Assert.Contains("Login Succeeded", used.Output);
        Assert.Contains(".dockerconfigjson:", used.Output);

        var state = await typist.Type(disaster.Next());
        state.ShouldSucceed();
        Assert.Contains("\"ready\":true", state.Output);
        Assert.Contains("local", state.Output);
        using (var bob = Door.Client("bob"))
        {
            using var login = await bob.RequestToken([], "&offline_token=true");
            await login.ShouldBe(System.Net.HttpStatusCode.OK);
        }

        var ended = await typist.Type(disaster.Next());
        ended.ShouldSucceed();
        Assert.Matches("\"revoked\": ?1\\b", ended.Output);
        (await typist.Type("echo \"$SECRET\" | docker login docker.acme.example -u 'robot$jenkins' --password-stdin"))
            .ShouldFail("unauthorized");
        robots.ShouldBeOver();
        disaster.ShouldBeOver();
    }

    [Fact]
    [Types(Upgrade, "dotnet run", "until")]
    [Types(Images, "dotnet run")]
    public async Task A_configuration_is_checked_and_a_host_is_waited_for()
    {
        using var typist = NewTypist();
        var (upgrade, images) = (TypedPage.Of(Upgrade), TypedPage.Of(Images));
        await FrontDoor.WriteUsers(typist.Folder);
        typist.Folder.Write("config.yaml", DocumentBlock.Of("docs/guides/page.md", "upstreams:").Text);
        (await typist.Type(upgrade.Next())).ShouldSucceed();
        var ready = await typist.Type(upgrade.Next());
        ready.ShouldSucceed();
        Assert.Contains("\"ready\":true", ready.Output);
        (await typist.Type(images.Next())).ShouldSucceed();
        upgrade.ShouldBeOver();
        images.ShouldBeOver();
    }

    [Fact]
    [Types(Observability, "curl -H", "promtool check", "OTEL_EXPORTER")]
    public async Task Metrics_are_read_rules_are_tested_and_a_collector_is_sent_traces()
    {
        using var typist = NewTypist();
        var page = TypedPage.Of(Observability);
        var metrics = await typist.Type(page.Next());
        metrics.ShouldSucceed();
        Assert.Contains("# TYPE registryproxy_", metrics.Output);
        await typist.HasDeploy();
        var rules = await typist.Type(page.Next());
        rules.ShouldSucceed();
        Assert.Contains("SUCCESS", rules.Output);

        using var collector = new TcpListener(System.Net.IPAddress.Loopback, 0);
        collector.Start();
        await using var silo = await SplitDoor.Start(DoorConfiguration.Single("http://127.0.0.1:9"), gateways: 0);
        typist.Has("OTEL_METRIC_EXPORT_INTERVAL", "500").Reads("collector:4317", collector.LocalEndpoint.ToString()!)
            .Reads("--config config.yaml", $"--config {silo.ConfigPath} --listen-data http://127.0.0.1:0 --listen-admin http://127.0.0.1:0")
            .Knows("eval \"typed_$(declare -f dotnet | sed 's/command dotnet/exec dotnet/')\"\ndotnet() { typed_dotnet \"$@\"; }");
        await using var gateway = typist.Begin(page.Next());
        await gateway.Line(line => line.Contains("data listening on") ? line : null);
        using var sent = await collector.AcceptTcpClientAsync(TestContext.Current.CancellationToken).AsTask()
            .WaitAsync(TimeSpan.FromMinutes(3));
        var begun = new byte[3];
        await sent.GetStream().ReadExactlyAsync(begun, TestContext.Current.CancellationToken);
        Assert.Equal("PRI", System.Text.Encoding.ASCII.GetString(begun));
        gateway.Kill();
        page.ShouldBeOver();
    }

    private Typist NewTypist() => new Typist().Reads("http://127.0.0.1:5001", Door.AdminUrl).Reads("http://silo-1:5001", Door.AdminUrl)
        .Reads("docker.acme.example", Door.Authority).Has("ADMIN_TOKEN", "canary-token");

    /// <summary>One door for the tests of this class.</summary>
    public sealed class OperatorDoor(Lab lab) : ClassDoor
    {
        protected override async Task<string> Prepare() => DoorConfiguration.Single((await lab.Registry).Url);

        protected override ValueTask End() => ValueTask.CompletedTask;
    }
}
