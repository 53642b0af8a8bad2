using System.Text.Json;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>What goes into files that others wrote, whatever they look like, and comes out again to the byte.</summary>
public sealed class MergedTextTests
{
    private const string Header = "X-RegistryProxy-Mirror";

    private static readonly ProviderEntry[] Entries = [new("registryproxy-credential-provider", ["a.example"], null, false),
        new("registryproxy-credential-provider-2", ["b.example"], "aud", true)];

    [Theory]
    [InlineData("kind: KubeletConfiguration\n", "imageServiceEndpoint: unix:///x\nkind: KubeletConfiguration\n")]
    [InlineData("# c\r\n---\r\nkind: K\r\na:\r\n- b\r\n...\r\n",
        "# c\r\n---\r\nimageServiceEndpoint: unix:///x\r\nkind: K\r\na:\r\n- b\r\n...\r\n")]
    [InlineData("  kind: K\n  last: |\n    text\n", "  imageServiceEndpoint: unix:///x\n  kind: K\n  last: |\n    text\n")]
    [InlineData("{\"kind\":\"K\"}", "{\"kind\":\"K\", \"imageServiceEndpoint\": \"unix:///x\"}")]
    [InlineData("{\n\t\"kind\": \"K\"\n}", "{\n\t\"kind\": \"K\",\n\t\"imageServiceEndpoint\": \"unix:///x\"\n}")]
    [InlineData("{}", "{\"imageServiceEndpoint\": \"unix:///x\"}")]
    public void An_image_service_in_kubelets_configuration(string text, string with)
    {
        Assert.Equal(with, KubeletConfigText.Set(text, "config", "unix:///x"));
        Assert.Equal(text, KubeletConfigText.Remove(with, "config"));
    }

    [Theory]
    [InlineData("imageServiceEndpoint: \"unix:///o\" # c\nkind: K\n", "imageServiceEndpoint: \"unix:///x\" # c\nkind: K\n")]
    [InlineData("imageServiceEndpoint: 'unix:///o'\n", "imageServiceEndpoint: unix:///x\n")]
    [InlineData("kind: K\nimageServiceEndpoint:\n", "kind: K\nimageServiceEndpoint: unix:///x\n")]
    [InlineData("{\"imageServiceEndpoint\":\"unix:///o\"}", "{\"imageServiceEndpoint\": \"unix:///x\"}")]
    public void An_image_service_of_others_is_replaced(string text, string with) =>
        Assert.Equal(with, KubeletConfigText.Set(text, "config", "unix:///x"));

    [Theory]
    [InlineData("a: 1\n---\nb: 2\n")]
    [InlineData("- a\n")]
    [InlineData("a: [\n")]
    [InlineData("just text")]
    public void What_is_no_configuration_is_refused(string text) =>
        Assert.Throws<InstallRefusal>(() => KubeletConfigText.Set(text, "config", "unix:///x"));

    [Theory]
    [InlineData("kind: C\nproviders:\n- name: x\n  args: []\n")]
    [InlineData("providers:\n  - args:\n      - a\n    name: x\n    defaultCacheDuration: 1m\nkind: C\n")]
    [InlineData("kind: C\r\nproviders:\r\n  -   name: x # c\r\n# the end\r\n...\r\n")]
    [InlineData("providers:\n-\n  name: x\n  note: |\n    text\n\n")]
    [InlineData("providers:\n- {name: x, args: [a, b]}\n- name: z\n")]
    [InlineData("{\"providers\":[{\"name\":\"x\"}],\"kind\":\"C\"}")]
    [InlineData("{\n\t\"providers\": [\n\t\t{\n\t\t\t\"name\": \"x\"\n\t\t}\n\t]\n}\n")]
    [InlineData("{\"providers\": []}")]
    [InlineData("kind: C\nproviders: [ {name: x} ]\n")]
    public void Providers_beside_those_of_others(string text)
    {
        var with = ProviderConfigText.Add(text, "config", Entries);
        Assert.Equal([.. ProviderConfigText.Names(text, "config"), .. Entries.Select(entry => entry.Name)],
            ProviderConfigText.Names(with, "config"));
        Assert.Equal(text, ProviderConfigText.Remove(with, "config"));
        if (text.StartsWith('{'))
        {
            using var parsed = JsonDocument.Parse(with);
        }
    }

    [Theory]
    [InlineData("server = \"https://gcr.io\"\n")]
    [InlineData("server = \"https://gcr.io\"\r\n\r\n# theirs\r\n[host.\"https://o\"]\r\n  capabilities = [\r\n    \"pull\", # c\r\n  " +
        "]\r\n")]
    [InlineData("[host.'https://o']\nskip_verify = false\n[host.'https://o'.header]\nx = \"y\"\n")]
    [InlineData("x = \"\"\"\n[host.no]\n\"\"\"\n")]
    [InlineData("")]
    public void A_mirror_before_the_hosts_of_others(string text)
    {
        var with = HostsToml.Add(text, "hosts.toml", new Uri("http://127.0.0.1:5005"), Header, "secret");
        Assert.True(HostsToml.Has(with, "hosts.toml", Header));
        Assert.Equal("127.0.0.1:5005",
            new Uri(HostsToml.Name(HostsToml.Parse(with, "x").Tables.First().Name!.DotKeys.First().Key)).Authority);
        Assert.Equal(text, HostsToml.Remove(with, "hosts.toml", Header));
        Assert.Equal(with, HostsToml.Add(HostsToml.Remove(with, "x", Header), "x", new Uri("http://127.0.0.1:5005"), Header, "secret"));
    }

    [Fact]
    public void A_mirror_is_known_without_its_marks_and_wherever_it_stands()
    {
        const string Text =
            "server = \"https://x\"\n\n[host.\"https://o\"]\ncapabilities = [\"pull\"]\n\n[host.\"http://127.0.0.1:1\"]\ncapabilities = " +
            "[\n\"pull\"]\n[host.\"http://127.0.0.1:1\".header]\nX-RegistryProxy-Mirror = [\"s\"]\n\n# last\n[host.\"https://p\"]\n";
        Assert.Equal("server = \"https://x\"\n\n[host.\"https://o\"]\ncapabilities = [\"pull\"]\n\n\n# last\n[host.\"https://p\"]\n",
            HostsToml.Remove(Text, "x", Header));
        Assert.Throws<InstallRefusal>(() => HostsToml.Parse("a = [", "x"));
        Assert.Equal("server = \"https://registry-1.docker.io\"\n\n", HostsToml.File("docker.io", [], []));
    }

    [Theory]
    [InlineData("host = { \"https://o\" = { capabilities = [\"pull\"] } }\n")]
    [InlineData("host.\"https://o\".capabilities = [\"pull\"]\n")]
    [InlineData("[[host]]\ncapabilities = [\"pull\"]\n")]
    [InlineData("[host.\"http://127.0.0.1:5005\"]\ncapabilities = [\"pull\"]\n")]
    public void A_mirror_is_not_added_where_containerd_would_not_read_the_file(string text) =>
        Assert.Contains("hosts.toml", Assert.Throws<InstallRefusal>(
            () => HostsToml.Add(text, "hosts.toml", new Uri("http://127.0.0.1:5005"), Header, "secret")).Message);

    [Theory]
    [InlineData("{\n\t\"auths\": {\n\t\t\"x\": {}\n\t}\n}")]
    [InlineData("{\"credHelpers\": {\"gcr.io\": \"gcloud\"}, \"a\": 1}")]
    [InlineData("{}\n")]
    public void A_helper_beside_those_of_others(string text)
    {
        var with = DockerConfigText.Add(text, "config.json", ["a.example", "b.example"]);
        using var parsed = JsonDocument.Parse(with);
        Assert.Equal("registryproxy", parsed.RootElement.GetProperty("credHelpers").GetProperty("b.example").GetString());
        Assert.Equal(text, DockerConfigText.Remove(with, "config.json"));
        Assert.Throws<InstallRefusal>(() => DockerConfigText.Add("a: 1", "config.json", ["x"]));
    }
}
