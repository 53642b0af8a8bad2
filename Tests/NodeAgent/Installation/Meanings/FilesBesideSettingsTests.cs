using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Meanings;

/// <summary>What the settings name beside them comes along, or is refused: an installed agent looks beside its own settings.</summary>
public sealed class FilesBesideSettingsTests
{
    private const string Config = """
        stateDir: state
        runtime: { type: cri }
        frontDoors: [ { url: "https://docker.acme.example", identity: IDENTITY } ]
        mirror: { frontDoors: { gcr.io: "https://docker.acme.example" } }

        """;

    private static readonly (string, string)[] Files =
    [
        ("/etc/containerd/config.toml",
            "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/certs.d\"\n"),
        ("/var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\n"),
        ("/usr/bin/kubelet", "image-service-endpoint"),
    ];

    [Fact]
    public async Task A_password_comes_along_and_the_state_is_that_of_the_node()
    {
        await using var node = await NodeRoot.Create(
            With("{ type: password, username: a, password: { file: node-password } }"), Files);
        var before = node.Snapshot();
        (await node.Run("install", "containerd-mirror", "--files-only")).ShouldFail("node-password");
        Assert.Equal(before, node.Snapshot());
        node.Beside("node-password", "s3cret\n");
        (await node.Run("install", "containerd-mirror", "--files-only")).ShouldSucceed();
        const string Installed = "/etc/registryproxy/node-password";
        Assert.Equal("s3cret\n", await node.Read(Installed));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(node.At(Installed)));
        var secret = (await node.Read("/etc/registryproxy/state/mirror-secret")).Trim();
        Assert.Contains(secret, await node.Read("/etc/containerd/certs.d/gcr.io/hosts.toml"));
        (await node.Run("uninstall", "containerd-mirror", "--files-only")).ShouldSucceed();
        Assert.Equal(before, node.Snapshot());
    }

    [Theory]
    [InlineData("{ type: password, username: a, password: { env: NODE_PASSWORD } }", "identity.password.env")]
    [InlineData("{ type: kubernetes, authenticator: k8s, tokenFile: token }", "identity.tokenFile")]
    public async Task What_would_not_be_there_is_refused(string identity, string reason)
    {
        await using var node = await NodeRoot.Create(With(identity), Files);
        var before = node.Snapshot();
        (await node.Run("install", "image-service", "--files-only")).ShouldFail(reason);
        Assert.Equal(before, node.Snapshot());
    }

    private static string With(string identity) => Config.Replace("IDENTITY", identity, StringComparison.Ordinal);
}
