using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Merging.Yaml;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>Places in texts of others, and what is changed there to the character.</summary>
public sealed class YamlTextTests
{
    private static readonly ProviderEntry Entry = new("registryproxy-p", ["a.example"], null, false);

    [Fact]
    public void Lines_are_found_by_the_places_of_characters()
    {
        const string Text = "a\nbc\n";
        Assert.Equal([0, 0, 2, 2, 2, 5], Enumerable.Range(0, 6).Select(at => TextLines.Start(Text, at)));
        Assert.Equal([2, 2, 5, 5, 5, 5], Enumerable.Range(0, 6).Select(at => TextLines.Next(Text, at)));
        Assert.Equal([0, 1, 1, 3, 4, 4], Enumerable.Range(0, 6).Select(at => TextLines.ContentEnd(Text, at)));
        Assert.Equal(("\n", "\r\n"), (TextLines.EndOf("a\n"), TextLines.EndOf("a\r\n")));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData(" \n\t", true)]
    [InlineData("# a\n  # b\r\n\n", true)]
    [InlineData("# a\nb", false)]
    [InlineData("b # a", false)]
    public void A_text_of_blanks_and_comments_says_nothing(string text, bool isBlank) => Assert.Equal(isBlank, TextLines.IsBlank(text));

    [Theory]
    [InlineData(null, "x")]
    [InlineData(" \n", "x")]
    [InlineData("# a", "# a\nx")]
    [InlineData("# a\n", "# a\nx")]
    [InlineData("# a\r\n# b", "# a\r\n# b\r\nx")]
    public void What_is_written_stands_behind_comments(string? blank, string whole) => Assert.Equal(whole, TextLines.Behind(blank, "x"));

    [Theory]
    [InlineData("a: 1\nb: 2\nc: 3\n", "a: 1\nc: 3\n")]
    [InlineData("b: 2\n", "")]
    [InlineData("b:\n  - x\n\nc: 3\n", "\nc: 3\n")]
    [InlineData("a: 1\nb: 2", "a: 1\n")]
    [InlineData("b:\nc: 3\n", "c: 3\n")]
    [InlineData("c: 3\n", "c: 3\n")]
    [InlineData("{\"a\": 1, \"b\": 2, \"c\": 3}", "{\"a\": 1, \"c\": 3}")]
    [InlineData("{\"a\": 1, \"b\": 2}", "{\"a\": 1}")]
    [InlineData("{ \"b\": 2 }", "{  }")]
    public void A_key_is_taken_away_with_its_line(string text, string without) =>
        Assert.Equal(without, YamlMappings.Remove(text, YamlSpans.Read(text, "f"), "b"));

    [Theory]
    [InlineData("a: 1\n", "b: x\na: 1\n")]
    [InlineData("b: old\n", "b: x\n")]
    [InlineData("b: \"old\"\n", "b: \"x\"\n")]
    [InlineData("b:\na: 1\n", "b: x\na: 1\n")]
    [InlineData("{}", "{\"b\": \"x\"}")]
    [InlineData("{\"b\":1}", "{\"b\": \"x\"}")]
    [InlineData("{\"a\": 1}", "{\"a\": 1, \"b\": \"x\"}")]
    [InlineData("{ \"a\": 1 }", "{ \"a\": 1, \"b\": \"x\" }")]
    [InlineData("{\n  \"a\": 1\n}", "{\n  \"a\": 1,\n  \"b\": \"x\"\n}")]
    public void A_key_is_set_where_it_stands_or_beside_the_others(string text, string with) =>
        Assert.Equal(with, YamlMappings.Set(text, YamlSpans.Read(text, "f"), "b", "x"));

    [Fact]
    public void Where_nothing_can_be_put_before_the_first_key_it_is_refused() =>
        Assert.Throws<InstallRefusal>(() => YamlMappings.Set("- a: 1\n", new YamlSpan(2) { Entries = [] }, "b", "x"));

    [Theory]
    [InlineData("a: 1\n---\nb: 2\n")]
    [InlineData("[a]")]
    [InlineData("a")]
    [InlineData("a: [")]
    public void What_is_no_single_mapping_is_refused_with_the_name_of_its_file(string text) =>
        Assert.Contains("f.yaml", Assert.Throws<InstallRefusal>(() => YamlSpans.Read(text, "f.yaml")).Message, StringComparison.Ordinal);

    [Fact]
    public void Spans_are_where_the_nodes_stand()
    {
        const string Text = "a: {b: [1, \"two\"]}\nc:\n- d\n- e: f\n";
        var root = YamlSpans.Read(Text, "f");
        Assert.False(root.IsFlow);
        Assert.Equal("{b: [1, \"two\"]}", Of(root["a"]!));
        Assert.Equal("[1, \"two\"]", Of(root["a"]!["b"]!));
        Assert.Equal(["1", "\"two\""], root["a"]!["b"]!.Items!.Select(Of));
        Assert.True(root["a"]!.IsFlow && root["a"]!["b"]!.IsFlow && !root["c"]!.IsFlow);
        Assert.Equal(["d", "e: f"], root["c"]!.Items!.Select(Of));
        Assert.Equal("- d\n- e: f", Of(root["c"]!));
        Assert.Equal("f", root["c"]!.Items![1]["e"]!.Value);
        Assert.Null(root["x"]);
        Assert.Null(root["c"]!["e"]);

        static string Of(YamlSpan span) => Text[span.Start..span.End];
    }

    [Theory]
    [InlineData("providers: [{name: registryproxy-p}, {name: x}]\n", "providers: [{name: x}]\n")]
    [InlineData("providers: [{name: x}, {name: registryproxy-p}, {name: registryproxy-q}]\n", "providers: [{name: x}]\n")]
    [InlineData("providers:\n- name: registryproxy-p\n  args: []\n- name: x\n", "providers:\n- name: x\n")]
    [InlineData("providers:\n- name: x\n- name: registryproxy-p\n", "providers:\n- name: x\n")]
    [InlineData("kind: C\n", "kind: C\n")]
    [InlineData("providers: none\n", "providers: none\n")]
    public void Our_providers_are_taken_out_of_a_list(string text, string without) =>
        Assert.Equal(without, ProviderConfigText.Remove(text, "f"));

    [Theory]
    [InlineData("kind: C\n")]
    [InlineData("providers:\nkind: C\n")]
    [InlineData("providers: x\n")]
    public void What_has_no_list_of_providers_is_refused(string text) =>
        Assert.Equal("c.yaml: has no list of providers: is it a CredentialProviderConfig?",
            Assert.Throws<InstallRefusal>(() => ProviderConfigText.Add(text, "c.yaml", [Entry])).Message);

    [Theory]
    [InlineData("", true)]
    [InlineData("providers: []\n", true)]
    [InlineData("kind: C\n", true)]
    [InlineData("providers: [{name: x}]\n", false)]
    public void A_configuration_without_providers_is_empty(string text, bool isEmpty) =>
        Assert.Equal(isEmpty, ProviderConfigText.IsEmpty(text, "f"));

    [Theory]
    [InlineData("providers:\n- name: x", "providers:\n- name: x\n- name: registryproxy-p\n")]
    [InlineData("providers:\n  - name: x\nkind: C\n", "providers:\n  - name: x\n  - name: registryproxy-p\n")]
    public void Providers_are_added_behind_the_last_one(string text, string begin) =>
        Assert.StartsWith(begin, ProviderConfigText.Add(text, "f", [Entry]), StringComparison.Ordinal);

    [Theory]
    [InlineData("", true)]
    [InlineData("apiVersion: v1\nkind: K\n", true)]
    [InlineData("kind: K\nx: 1\n", false)]
    public void A_kubelet_configuration_that_says_what_it_is_alone_is_empty(string text, bool isEmpty) =>
        Assert.Equal(isEmpty, KubeletConfigText.IsEmpty(text, "f"));

    [Fact]
    public void Values_of_the_top_level_are_read()
    {
        Assert.Equal("b", KubeletConfigText.Value("a: b\n", "f", "a"));
        Assert.Null(KubeletConfigText.Value("a: b\n", "f", "c"));
        Assert.Null(KubeletConfigText.Value("a: \"\"\n", "f", "a"));
        Assert.Null(KubeletConfigText.Value(" ", "f", "a"));
        Assert.Equal("unix:///x", KubeletConfigText.Value(KubeletConfigText.DropIn("unix:///x"), "f", KubeletConfigText.ImageService));
    }

    [Fact]
    public void Helpers_of_docker_are_taken_out_with_what_was_made_for_them()
    {
        var with = DockerConfigText.Add("{\"credHelpers\": {\"x\": \"gcloud\"}}", "f", ["a"]);
        Assert.Equal("{\"credHelpers\": {\"x\": \"gcloud\", \"a\": \"registryproxy\"}}", with);
        Assert.Equal("a", DockerConfigText.Ours(with, "f"));
        Assert.Equal("{\"credHelpers\": {\"x\": \"gcloud\"}}", DockerConfigText.Remove(with, "f"));
        Assert.Equal("{\"a\":1,\"credHelpers\": {\"h\": \"registryproxy\"}}", DockerConfigText.Add("{\"a\":1}", "f", ["h"]));
        Assert.Null(DockerConfigText.Ours("{}", "f"));
        Assert.True(DockerConfigText.IsEmpty("{}", "f") && DockerConfigText.IsEmpty(" ", "f"));
        Assert.False(DockerConfigText.IsEmpty("{\"a\": 1}", "f"));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"credHelpers\": []}")]
    public void A_file_of_docker_that_is_no_object_is_refused(string text) =>
        Assert.Equal("f is no object, or its credHelpers is none, so nothing can be added to it",
            Assert.Throws<InstallRefusal>(() => DockerConfigText.Add(text, "f", ["a"])).Message);

    [Theory]
    [InlineData("server = \"https://x\"\n", true)]
    [InlineData("", true)]
    [InlineData("server = \"https://x\"\nca = \"y\"\n", false)]
    [InlineData("[host.\"https://o\"]\n", false)]
    public void A_file_of_hosts_that_names_its_registry_alone_is_empty(string text, bool isEmpty) =>
        Assert.Equal(isEmpty, HostsToml.IsEmpty(text, "f"));

    [Fact]
    public void A_mirror_stands_above_the_comments_of_the_first_host()
    {
        const string Text = "server = \"https://x\"\n\n# theirs\n  # too\n[host.\"https://o\"]\n";
        var with = HostsToml.Add(Text, "f", new Uri("http://127.0.0.1:1"), "H", "s");
        Assert.Equal("""
            server = "https://x"

            # registryproxy: begin
            [host."http://127.0.0.1:1"]
              capabilities = ["pull", "resolve"]
              [host."http://127.0.0.1:1".header]
                H = ["s"]
            # registryproxy: end
            # theirs
              # too
            [host."https://o"]

            """, with);
        Assert.False(HostsToml.Has(Text, "f", "H"));
        Assert.StartsWith("x = 1\n# registryproxy: begin\n[host.\"http://127.0.0.1:1\"]\n",
            HostsToml.Add("x = 1", "f", new Uri("http://127.0.0.1:1"), "H", "s"), StringComparison.Ordinal);
        Assert.Equal("server = \"https://gcr.io\"\n\n", HostsToml.File("gcr.io", [], []));
    }
}
