using System.Text.RegularExpressions;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.NodeAgent.Names;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>The agent's file, names and patterns of images, and what is deployed and documented.</summary>
public sealed class AgentSettingsTests
{
    private static readonly string Root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;

    [Fact]
    public void The_documented_and_the_deployed_settings_are_good()
    {
        var documented = Regex.Match(
            File.ReadAllText(Path.Combine(Root, "docs/nodeagent.md")), "```yaml nodeagent\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
        using var folder = new TemporaryFolder();
        var authority = folder.Write("ca.crt", TestCertificates.ForLocalhost("door").ExportCertificatePem());
        var (settings, errors) = SettingsFile.Parse(documented.Replace(" ca.crt", $" {authority}"), "/x.yaml");
        Assert.Empty(errors);
        Assert.Equal(("/run/registryproxy/image.sock", "/run/registryproxy/agent.sock"), (settings!.Listen, settings.ControlSocket));
        Assert.Empty(SettingsFile.Read(Path.Combine(Root, "deploy/nodeagent/base/nodeagent.yaml")).Errors);
    }

    [Fact]
    public void Every_manifest_is_yaml_and_names_targets_that_exist()
    {
        var manifests = Directory.GetFiles(Path.Combine(Root, "deploy/nodeagent"), "*.yaml", SearchOption.AllDirectories);
        Assert.True(manifests.Length >= 9);
        foreach (var manifest in manifests)
        {
            new YamlStream().Load(new StringReader(File.ReadAllText(manifest)));
        }

        foreach (var overlay in manifests.Where(manifest => manifest.Contains("/overlays/")))
        {
            Assert.Contains(Regex.Match(File.ReadAllText(overlay), @"env/1/value, value: ([a-z-]+)").Groups[1].Value, InstallTarget.All);
        }
    }

    [Theory]
    [InlineData("nonsense: 1\nfrontDoors: []",
        "x.yaml:1: nonsense: unknown key; allowed here: frontDoors, health, listen, metadata, mirror, pullSecrets, rewrites, " +
        "runtime, stateDir")]
    [InlineData("listen: /run/x.sock", "x.yaml:1: listen: '/run/x.sock' must be unix:///path/of/a.sock")]
    [InlineData("runtime: { type: podman }", "x.yaml:1: runtime.type: 'podman' must be one of docker, cri")]
    [InlineData("frontDoors: [{ url: \"http://docker.acme.example\", identity: { type: azure, authenticator: a } }]",
        "frontDoors[0].url: 'docker.acme.example' must be https: credentials go there")]
    [InlineData("frontDoors: [{ url: \"https://a.example\" }]", "frontDoors[0].identity: is required, unless workloads is given")]
    [InlineData("frontDoors: [{ url: \"https://a.example\", images: [\"b.example\"], identity: { type: azure, authenticator: a } }]",
        "frontDoors[0].images[0]: the host 'b.example' is not that of url (a.example); list it in hosts")]
    [InlineData("frontDoors: [{ url: \"https://a.example\", identity: { type: magic, authenticator: a } }]",
        "frontDoors[0].identity.type: 'magic' must be one of aws-sts")]
    [InlineData("frontDoors: [{ url: \"https://a.example\", identity: { type: password, username: u, password: {} } }]",
        "frontDoors[0].identity.password: must be one of { file: PATH }")]
    [InlineData("runtime: { type: cri }\nrewrites: [{ from: gcr.io/a, to: b.example }]", "x.yaml:2: rewrites: needs the docker runtime")]
    [InlineData("mirror: { frontDoors: { gcr.io: \"https://a.example\" } }",
        "mirror.frontDoors.gcr.io: must be the url of one of frontDoors that has an identity")]
    [InlineData("mirror: { listen: \"http://0.0.0.0:5005\" }", "mirror.listen: must be http on loopback")]
    [InlineData("a: b: c", "x.yaml:1: not valid YAML")]
    [InlineData("", "the file is empty")]
    [InlineData("[a]", "the file must hold one map of settings")]
    public void What_is_wrong_is_said_with_its_place(string text, string error) =>
        Assert.Contains(error, string.Join('\n', SettingsFile.Parse(text, "x.yaml").Errors));

    /// <summary>Images are named in ASCII, and front doors call themselves so.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("images: [\"xn--bcher-kva.example\"], ")]
    public void A_front_door_in_other_letters_is_that_of_images_and_tokens_in_ascii(string images)
    {
        var (settings, errors) = SettingsFile.Parse(
            $"frontDoors: [{{ url: \"https://bücher.example\", {images}identity: {{ type: gcp, authenticator: a }} }}]", "x.yaml");
        Assert.Empty(errors);
        var door = Assert.Single(settings!.FrontDoors);
        Assert.Equal("xn--bcher-kva.example", Assert.Single(door.Images).Host);
        Assert.Equal("xn--bcher-kva.example", door.Identity!.Audience);
    }

    [Theory]
    [InlineData("docker.acme.example", "docker.acme.example/team/app:v1", true)]
    [InlineData("*.acme.example", "docker.acme.example/app", true)]
    [InlineData("*.example", "docker.acme.example/app", false)]
    [InlineData("doc*.acme.example", "docker.acme.example/app", true)]
    [InlineData("docker.acme.example:5000", "docker.acme.example/app", false)]
    [InlineData("docker.acme.example", "docker.acme.example:5000/app", false)]
    [InlineData("docker.acme.example/team", "docker.acme.example/team/app", true)]
    [InlineData("docker.acme.example/team", "docker.acme.example/other/app", false)]
    [InlineData("docker.acme.example", "docker.acme.example.evil.example/app", false)]
    public void Patterns_are_kubelets(string pattern, string image, bool matches)
    {
        Assert.True(ImagePattern.TryParse(pattern, out var parsed));
        Assert.True(ImageName.TryParse(image, out var name));
        Assert.Equal(matches, parsed.Matches(name));
    }

    [Theory]
    [InlineData("alpine", "docker.io/library/alpine:latest")]
    [InlineData("acme/app:v1", "docker.io/acme/app:v1")]
    [InlineData("localhost/app", "localhost/app:latest")]
    [InlineData("127.0.0.1:5000/a/b:v1@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        "127.0.0.1:5000/a/b@sha256:0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("sha256:0000000000000000000000000000000000000000000000000000000000000000", null)]
    [InlineData("UPPER/x.example", null)]
    [InlineData("a/b:", null)]
    [InlineData("", null)]
    public void Names_are_read_as_runtimes_read_them(string text, string? whole) =>
        Assert.Equal(whole, ImageName.TryParse(text, out var name) ? name.ToString() : null);

    [Fact]
    public void The_longest_mapping_counts_and_every_mapping_leads_back()
    {
        var map = new NameMap([new NameMapping("gcr.io", "a.example"), new NameMapping("gcr.io/acme", "b.example/c")]);
        Assert.True(ImageName.TryParse("gcr.io/acme/app:v1", out var asked));
        var pulled = map.Forward(asked);
        Assert.Equal("b.example/c/app:v1", pulled.ToString());
        Assert.Equal(asked, Assert.Single(map.Back(pulled)));
        Assert.True(ImageName.TryParse("gcr.io/acmeology/app:v1", out var other));
        Assert.Equal("a.example/acmeology/app:v1", map.Forward(other).ToString());
    }
}
