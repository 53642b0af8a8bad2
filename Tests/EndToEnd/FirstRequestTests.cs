using System.Net;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A script that starts the front door and pulls as soon as it says that it listens.</summary>
public sealed class FirstRequestTests(Lab lab)
{
    [Fact]
    public async Task What_comes_as_soon_as_the_door_listens_is_answered()
    {
        var registry = await lab.Registry;
        using var folder = new TemporaryFolder();
        await FrontDoor.WriteUsers(folder);
        var config = folder.Write("config.yaml", DoorConfiguration.Single(registry.Url));
        await using var door = ChildProcess.Start(
            "dotnet", [FrontDoor.Dll, "--config", config, "--listen-data", "http://127.0.0.1:0", "--listen-admin", "http://127.0.0.1:0"]);
        var data = await door.Line(
            line => line.StartsWith("data listening on ", StringComparison.Ordinal) ? line["data listening on ".Length..].Trim() : null);
        using var alice = new RegistryClient(data, "alice", FrontDoor.PasswordOf("alice"));
        using var challenge = await alice.Send(HttpMethod.Get, "/v2/");
        await challenge.ShouldBe(HttpStatusCode.Unauthorized);
        using var login = await alice.RequestToken([]);
        await login.ShouldBe(HttpStatusCode.OK);
    }
}
