using System.Text.Json;
using System.Text.RegularExpressions;
using RegistryProxy.Tests.NodeAgent;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Documents;

/// <summary>
/// docs/guides/nodes.md on a folder that looks like a node: its configuration at a front door, its settings in the agent, a pod's token as
/// the API server signs it.
/// </summary>
public sealed class NodePagesTests(Lab lab)
{
    private const string Page = "docs/guides/nodes.md";
    private const string Machines = "docs/authenticators/machines.md";
    private const string Issuer = "https://k8s.acme.example";

    [Fact]
    [Types(Page, "sudo registryproxy-nodeagent install", "TOKEN=", "sudo registryproxy-nodeagent uninstall")]
    [Types(Machines, "curl -u")]
    public async Task A_node_is_installed_asks_with_the_token_of_a_pod_and_is_as_before_in_the_end()
    {
        var page = TypedPage.Of(Page);
        await using var issuer = await TestIssuer.Start();
        await using var door = await FrontDoor.StartBeside(
            Yaml(await lab.Registry), new Dictionary<string, string> { ["jwks.json"] = issuer.KeySet });
        var settings = Settings();
        await using var node = await NodeRoot.Create(settings, InstallTests.Nodes["eks"]);
        using var typist = new Typist()
            .Reads("https://docker.acme.example", door.DataUrl).Reads("docker.acme.example/", $"{door.Authority}/")
            .Has("PATH", node.Programs).Has("POD_TOKEN", Token(issuer)).Knows(KubernetesPagesTests.Kubectl).Knows($$"""
                sudo() { "$@"; }
                registryproxy-nodeagent() {
                  case "$1" in
                    install|uninstall) command dotnet {{Agent.Dll}} "$@" --root {{node.Root}};;
                    *) command dotnet {{Agent.Dll}} "$@";;
                  esac
                }
                """);
        typist.Folder.Write("nodeagent.yaml", typist.Here(settings));
        var before = node.Snapshot();

        var installed = await typist.Type(page.Next());
        installed.ShouldSucceed();
        Assert.Contains("+++ /etc/registryproxy/nodeagent.yaml", installed.Output);
        Assert.Contains("credential-provider is installed", installed.Output);
        var answered = await typist.Type(page.Next());
        answered.ShouldSucceed();
        var login = Assert.Single(JsonDocument.Parse(answered.Output).RootElement.GetProperty("auth").EnumerateObject()).Value;
        Assert.Equal("_k8s", login.GetProperty("username").GetString());
        (await typist.Type(page.Next())).ShouldSucceed();
        Assert.Equal(before, node.Snapshot());
        page.ShouldBeOver();

        var machines = TypedPage.Of(Machines);
        typist.Folder.Write("token", Token(issuer));
        var told = await typist.Reads("/var/run/secrets/tokens/registry", typist.Folder.File("token"))
            .Reads("service=docker.acme.example", "service=127.0.0.1").Type("curl() { command curl -sf \"$@\"; }\n" + machines.Next());
        told.ShouldSucceed();
        Assert.True(JsonDocument.Parse(told.Output).RootElement.GetProperty("token").GetString()!.Length > 20);
        machines.ShouldBeOver();
    }

    /// <summary>The lines of pods alone, as the page says that one keeps those of one's platform.</summary>
    private static string Yaml(DockerRegistry registry)
    {
        var yaml = DocumentBlock.Of(Page, "upstreams:").Text
            .Replace("gar: { url: \"https://europe-docker.pkg.dev\", credentials: { type: google } }",
                $"gar: {{ url: \"{registry.Url}\", allowPrivate: true }}")
            .Replace("authenticators: [nodes, gce, azure, k8s]", "authenticators: [k8s]")
            .Replace("hosts: [docker.acme.example]", "hosts: [\"*\"]")
            .Replace("audience: docker.acme.example }   #", "audience: docker.acme.example, jwks: { file: jwks.json } }   #");
        yaml = Regex.Replace(yaml, @"\n +(?:nodes|gce|azure|publicUrl): .*|\n +- \{ name: nodes, .*", "");
        Assert.Contains("jwks.json", yaml);
        return yaml;
    }

    private static string Settings() => Regex.Replace(DocumentBlock.Of(Page, "frontDoors:").Text, @"\n +identity: .*", "");

    private static string Token(TestIssuer issuer) => issuer.Sign(new Dictionary<string, object>
    {
        ["iss"] = Issuer, ["aud"] = "docker.acme.example", ["sub"] = "system:serviceaccount:team-a:default",
        ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 600,
        ["kubernetes.io"] = new { @namespace = "team-a", serviceaccount = new { name = "default", uid = "1" },
            pod = new { name = "probe", uid = "2" }, node = new { name = "node-1", uid = "3" } },
    });
}
