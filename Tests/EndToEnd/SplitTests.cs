using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The two halves as processes of their own.</summary>
public sealed class SplitTests(Lab lab)
{
    [Fact]
    public async Task A_silo_and_a_gateway_are_a_front_door_in_whatever_order_they_start()
    {
        var registry = await lab.Registry;
        using var folder = new TemporaryFolder();
        await FrontDoor.WriteUsers(folder);
        var ports = $"cluster: {{ siloPort: {FreePort.Next()}, gatewayPort: {FreePort.Next()} }}";
        var config = folder.Write("config.yaml", DoorConfiguration.Single(registry.Url, extra: ports));
        await using var gateway = Start("Gateway", config, "--listen-data", "http://127.0.0.1:0");
        var data = await gateway.Line(line => After(line, "data listening on "));
        var probes = await gateway.Line(line => After(line, "admin listening on "));
        using (var early = new RegistryClient(data, "alice", FrontDoor.PasswordOf("alice")))
        using (var response = await early.Send(HttpMethod.Get, "/v2/"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.NotNull(response.Headers.RetryAfter);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await early.Http.GetAsync($"{probes}/readyz")).StatusCode);
        }

        await using (var silo = Start("Silo", config))
        {
            await silo.Line(line => After(line, "admin listening on "));
            using var alice = new RegistryClient(data, "alice", FrontDoor.PasswordOf("alice"));
            await Eventually.True(async () => (await alice.Http.GetAsync($"{probes}/readyz")).IsSuccessStatusCode,
                $"the gateway is ready:\n{gateway.Output}");
            await alice.PushImage("split/app", "v1", TestImage.Build(140, 10_000));
            using var pulled = await alice.GetManifest("split/app", "v1");
            await pulled.ShouldBe(HttpStatusCode.OK);
            Assert.Equal(0, await silo.Terminate());
        }

        Assert.Equal(0, await gateway.Terminate());
    }

    private static ChildProcess Start(string project, string config, params string[] arguments) =>
        ChildProcess.Start("dotnet", [FrontDoor.DllOf(project), "--config", config, "--listen-admin", "http://127.0.0.1:0", .. arguments]);

    private static string? After(string line, string prefix) =>
        line.StartsWith(prefix, StringComparison.Ordinal) ? line[prefix.Length..].Trim() : null;
}
