using System.Net;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Browser;

/// <summary>
/// A door of a busy tenant that its administrators keep: two hundred sessions, pulls, an upstream that fails and one of its own; texts of
/// others are markup. One for all tests of a class.
/// </summary>
public sealed class ManagedDoor : IAsyncLifetime
{
    /// <summary>What the tenant's part says.</summary>
    public const string Part = """
        define: { upstreams: { own: { url: "https://own.example" } } }
        authenticators: [staff]
        routes: [{ prefix: "", upstream: local }, { prefix: down, upstream: broken }, { prefix: own, upstream: own }]
        access:
          - { name: alice, who: ["user:staff/alice"], repositories: ["**"], actions: [pull, push, catalog] }

        """;

    /// <summary>Sessions of bob that stay; he has a brief one as well.</summary>
    public const int Sessions = 200;

    private SeededRegistry _registry = null!;

    internal FrontDoor Door { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await SeededRegistry.Start(SeededSilo.Hostile);
        Door = await FrontDoor.Start(Yaml(_registry.Url));
        using var script = await PartAdmin.Login(Door.DataUrl, "alice");
        await script.Write(Part);
        await script.Write(Part + "# again\n");
        using var bob = Door.Client("bob");
        for (var i = 0; i < Sessions; i++)
        {
            using var login = await bob.RequestToken([], "&offline_token=true");
            await login.ShouldBe(HttpStatusCode.OK);
        }

        using var alice = Door.Client("alice");
        await Eventually.True(
            async () =>
            {
                using var pulled = await alice.GetManifest("team/app", "v1.4.2");
                return pulled.StatusCode == HttpStatusCode.OK;
            },
            "the part is in use");
        for (var i = 0; i < 30; i++)
        {
            using var pulled = await alice.GetManifest(i % 3 == 0 ? "down/app" : "team/app", "v1.4.2");
            using var refused = await bob.GetManifest("team/app", "v1.4.2");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Door.DisposeAsync();
        await _registry.DisposeAsync();
    }

    private static string Yaml(string upstream) => $$"""
        state:
          provider: file
          file: { path: state }
          encryptionKeys: [{ id: k1, key: { value: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" } }]
        upstreams:
          local: { url: "{{upstream}}", allowPrivate: true }
          broken: { url: "http://127.0.0.1:9", allowPrivate: true }
        authenticators: { staff: { type: htpasswd, file: htpasswd } }
        tenants:
          acme:
            hosts: ["*"]
            administrators: ["user:staff/alice"]
            mayUse: { upstreams: [local, broken], authenticators: [staff] }
            managed: true
            limits: { requestsPerSecond: 5000, bytesPerSecond: 1GiB, concurrentStreams: 200 }
        """;
}
