using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>What a node sees of the world: a front door, and a metadata service of its own that names an instance like no other.</summary>
internal sealed class NodeDoor : IAsyncDisposable
{
    private readonly NodeDoorServer _server;
    private readonly bool _own;

    private NodeDoor(NodeDoorServer server, MetadataServer metadata, bool own) => (_server, Metadata, _own) = (server, metadata, own);

    public FrontDoor Door => _server.Door;

    /// <summary>Signs the tokens of Kubernetes, CI systems and Google.</summary>
    public TestIssuer Issuer => _server.Issuer;

    public StsServer Sts => _server.Sts;

    public MetadataServer Metadata { get; }

    /// <summary>This instance of AWS.</summary>
    public string Instance => Metadata.Instance;

    public string Authority => Door.Authority;

    /// <summary>The same door under another name.</summary>
    public string OtherAuthority => $"localhost:{new Uri(Door.DataUrl).Port}";

    /// <summary>The world with the door that the whole run shares.</summary>
    public static async Task<NodeDoor> Start(Lab lab) => await Of(await lab.Nodes, own: false);

    /// <summary>The world with a door that the test may stop, and whose STS it may change.</summary>
    public static async Task<NodeDoor> StartOwn(Lab lab) => await Of(await NodeDoorServer.Start(await lab.Registry), own: true);

    /// <summary>The agent's settings for this door, under an identity of its own.</summary>
    public string Agent(string identity, string runtime, string more = "", string extraDoor = "") => $$"""
        runtime: {{runtime}}
        frontDoors:
          - { url: "{{Door.DataUrl}}", images: ["{{Authority}}"], identity: {{identity}}{{extraDoor}} }
        {{Metadata.Yaml}}
        {{more}}
        """;

    /// <summary>A service account token as kubelet has it made.</summary>
    public string ServiceAccountToken(string name, string @namespace = "prod", int seconds = 600, string audience = "registry") =>
        Issuer.Sign(new Dictionary<string, object>
    {
        ["iss"] = "https://k8s.example", ["aud"] = audience, ["sub"] = $"system:serviceaccount:{@namespace}:{name}",
        ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + seconds,
        ["kubernetes.io"] = new { @namespace, serviceaccount = new { name, uid = "1" }, pod = new { name = $"{name}-1", uid = "2" },
            node = new { name = "node-1", uid = "3" } },
    });

    public async ValueTask DisposeAsync()
    {
        await Metadata.DisposeAsync();
        if (_own)
        {
            await _server.DisposeAsync();
        }
    }

    private static async Task<NodeDoor> Of(NodeDoorServer server, bool own)
    {
        var metadata = await MetadataServer.Start();
        (metadata.Google, metadata.Instance) = (server.Issuer, $"i-{Guid.NewGuid().ToString("N")[..17]}");
        return new NodeDoor(server, metadata, own);
    }
}
