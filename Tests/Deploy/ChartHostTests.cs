using k8s.Models;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;
using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Tests.Deploy;

/// <summary>The sections that the chart writes itself.</summary>
public sealed class ChartHostTests
{
    private const string Odd = """
        listen: { zqx: 1 }
        cluster: { zqx: 1, kubernetes: { zqx: 1 }, tls: { zqx: 1 } }
        state: { zqx: 1 }
        cache: { zqx: 1 }
        admin: { zqx: 1 }
        """;

    /// <summary>Every value that makes a key, beside those of <c>ci</c>.</summary>
    private const string Everything = """
        state: { discardKeys: [k0] }
        gateway:
          { tls: { secretName: door-tls }, trustedProxies: [10.0.0.0/8], proxyProtocol: true, http2: false, cache: { sendFile: false },
            ingress: { annotations: { nginx.ingress.kubernetes.io/backend-protocol: HTTPS } } }
        """;

    /// <summary>Keys that have no value of the chart: a pod has its address from Kubernetes, and its state on no disk.</summary>
    private static readonly string[] LeftOut =
        ["cluster.advertise", "state.file", "cluster.kubernetes.server", "cluster.kubernetes.tokenFile", "cluster.kubernetes.ca"];

    [Fact]
    public async Task Every_key_of_them_has_a_value()
    {
        using var folder = new TemporaryFolder();
        var everything = folder.Write("everything.yaml", Everything);
        HashSet<string> rendered = [];
        foreach (var values in new[] { "company", "redis", "kubernetes" })
        {
            foreach (var text in await Configurations(values, "-f", everything))
            {
                var yaml = new YamlStream();
                yaml.Load(new StringReader(text));
                rendered.UnionWith(Keys((YamlMappingNode)yaml.Documents[0].RootNode, ""));
            }
        }

        var told = ConfigurationFile.Read(folder.Write("odd.yaml", Odd)).Errors.Select(error => error.ToString())
            .Select(error => ChartSchemaTests.UnknownKey().Match(error)).Where(match => match.Success).ToList();
        Assert.Equal(7, told.Count);
        var known = told.SelectMany(match => match.Groups["keys"].Value.Split(", ").Select(key => $"{match.Groups["path"].Value}.{key}"));
        Assert.Equal(LeftOut.Order(), known.Except(rendered).Order());
    }

    [Theory]
    [InlineData("company")]
    [InlineData("redis")]
    public async Task Listeners_take_both_families_of_addresses(string values)
    {
        foreach (var text in await Configurations(values))
        {
            Assert.DoesNotContain("//0.0.0.0", text);
            Assert.Contains("http://[::]:5001", text);
        }
    }

    private static async Task<IEnumerable<string>> Configurations(string values, params string[] more) =>
        (await Manifests.Template(HelmChartTests.Values(values), more)).OfType<V1ConfigMap>().Select(map => map.Data["config.yaml"]);

    private static IEnumerable<string> Keys(YamlMappingNode map, string path) => map.Children.SelectMany(entry =>
    {
        var key = path + ((YamlScalarNode)entry.Key).Value;
        return entry.Value is YamlMappingNode inner ? Keys(inner, $"{key}.").Prepend(key) : [key];
    });
}
