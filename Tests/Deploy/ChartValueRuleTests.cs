using System.Text.Json;
using k8s.Models;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Deploy;

/// <summary>
/// Values that Helm would change, show or render into something that does not work are refused before anything of a release changes;
/// numbers of a values file arrive as they were written.
/// </summary>
public sealed class ChartValueRuleTests : IDisposable
{
    private const string Rule = "config: { tenants: { acme: { access: [{ name: a, who: [anonymous], repositories: [a], actions: [pull], ";
    private const string Hub = "config: { upstreams: { hub: { url: \"https://a.example\", ";
    private const string Staff = "config: { authenticators: { staff: { ";

    private readonly TemporaryFolder _folder = new();

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_number_of_a_values_file_is_written_without_an_exponent()
    {
        var file = _folder.Write("numbers.yaml", """
            revision: 12345678901
            silo: { replicas: 1000000, terminationGracePeriodSeconds: 1000000 }
            gateway:
              replicas: 1000000
              autoscaling: { enabled: false }
              cache: { enabled: true, maxBytes: 21474836480 }
            config:
              audit: { maxBytes: 21474836480 }
              tenants: { acme: { limits: { requestsPerSecond: 1000000 } } }
            """);
        var rendered = await Manifests.Helm("template", "door", Manifests.Chart, "-f", HelmChartTests.Values("redis"), "-f", file);
        rendered.ShouldSucceed();
        Assert.DoesNotMatch("[0-9]e[+]", rendered.Output);
        Assert.Contains("maxBytes: 21474836480", rendered.Output);
        Assert.Contains("revision: 12345678901\n", rendered.Output);
        await Manifests.Template(HelmChartTests.Values("redis"), "-f", file, "--set", "gateway.cache.maxBytes=20GiB");
    }

    [Theory]
    [InlineData(Rule + "when: { instanceId: 1234567890123456789 } }] } } }", "when/instanceId")]
    [InlineData(Rule + "when: { zone: [eu, no] } }] } } }", "when/zone")]
    [InlineData(Rule + "when: { on: x } }] } } }", "'true'")]
    [InlineData(Staff + "type: aws-sts, serverId: a, accounts: [012345678901] } } }", "accounts/0")]
    [InlineData(Staff + "type: azure-attested, roots: a, subscriptions: [1e3] } } }", "subscriptions/0")]
    [InlineData(Staff + "type: oidc, issuer: \"https://a\", audience: a, require: { verified: yes } } } }", "require/verified")]
    [InlineData(Staff + "type: htpasswd, file: a, groups: { dev: [0123] } } } }", "groups/dev")]
    [InlineData(Hub + "credentials: { type: ecr, externalId: 0123 } } } }", "externalId")]
    [InlineData("gateway: { cache: { maxBytes: 9007199254740993000 } }", "maxBytes")]
    public Task What_helm_would_change_is_refused(string values, string place) => ShouldBeRefused(values, place);

    [Theory]
    [InlineData(Hub + "credentials: { type: basic, username: u, password: { value: s3cret } } } } }", "credentials/password")]
    [InlineData(Hub + "credentials: { type: bearer, token: { value: s3cret } } } } }", "credentials/token")]
    [InlineData(Hub + "credentials: { type: ecr, accessKeyId: a, secretAccessKey: { value: s3cret } } } } }", "secretAccessKey")]
    [InlineData(Hub + "credentials: { type: acr, clientSecret: { value: s3cret } } } } }", "clientSecret")]
    [InlineData(Hub + "proxy: { url: \"http://a.example\", username: u, password: { value: s3cret } } } } }", "proxy")]
    [InlineData("config: { egress: { proxy: { url: \"http://a.example\", username: u, password: { value: s3cret } } } }", "proxy")]
    [InlineData(Staff + "type: ldap, bindPassword: { value: s3cret } } } }", "bindPassword")]
    [InlineData(Staff + "type: oidc, issuer: \"https://a\", clientSecret: { value: s3cret } } } }", "clientSecret")]
    [InlineData("cluster: { provider: redis, redis: { connection: \"redis:6379,password=s3cret\" } }", "cluster.redis.passwordSecret")]
    [InlineData("state: { provider: redis, redis: { connection: \"redis:6379, Password = s3cret\" } }", "state.redis.passwordSecret")]
    public Task A_secret_is_no_value(string values, string place) => ShouldBeRefused(values, place);

    [Theory]
    [InlineData("cluster: { provider: kubernetes, id: Blue_1 }", "cluster/id")]
    [InlineData("gateway: { trustedProxies: [], proxyProtocol: true }", "gateway.trustedProxies")]
    [InlineData("gateway: { service: { type: ClusterIP, externalTrafficPolicy: Local } }", "externalTrafficPolicy needs type")]
    [InlineData("gateway: { autoscaling: { minReplicas: 11, maxReplicas: 10 } }", "minReplicas is more than maxReplicas")]
    public Task What_cannot_work_is_refused(string values, string place) => ShouldBeRefused(values, place);

    [Fact]
    public void Each_value_of_the_configuration_has_a_type()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Manifests.Chart, "values.schema.json")));
        Assert.Empty(Untyped(schema.RootElement.GetProperty("properties").GetProperty("config"), "config"));
    }

    [Theory]
    [InlineData("LoadBalancer", "", "Local")]
    [InlineData("LoadBalancer", "Cluster", "Cluster")]
    [InlineData("NodePort", "Local", "Local")]
    [InlineData("NodePort", "", null)]
    [InlineData("ClusterIP", "", null)]
    public async Task Gateways_behind_a_load_balancer_see_the_addresses_of_clients(string type, string policy, string? expected)
    {
        var objects = await Manifests.Template(HelmChartTests.Values("redis"),
            "--set", $"gateway.service.type={type},gateway.service.externalTrafficPolicy={policy}");
        Assert.Equal(expected, objects.OfType<V1Service>().Single(one => one.Name() == "door-registryproxy").Spec.ExternalTrafficPolicy);
    }

    [Theory]
    [InlineData("1.30.1-eks-1", "ContainerResource")]
    [InlineData("1.26.0", "Resource")]
    public async Task What_stands_beside_a_gateway_is_no_part_of_its_load(string kubernetes, string type)
    {
        var objects = await Manifests.Template(HelmChartTests.Values("company"), "--kube-version", kubernetes);
        var metric = Assert.Single(Assert.Single(objects.OfType<V2HorizontalPodAutoscaler>()).Spec.Metrics);
        Assert.Equal(type, metric.Type);
        Assert.Equal(70, (metric.ContainerResource?.Target ?? metric.Resource.Target).AverageUtilization);
    }

    private async Task ShouldBeRefused(string values, string place)
    {
        var answer = await Manifests.Helm("template", "door", Manifests.Chart, "-f", HelmChartTests.Values("company"),
            "-f", _folder.Write("refused.yaml", values));
        answer.ShouldFail(place);
        Assert.DoesNotContain("s3cret", answer.Output);
    }

    private static IEnumerable<string> Untyped(JsonElement schema, string place) => schema.ValueKind switch
    {
        JsonValueKind.Object when !schema.EnumerateObject().Any() => [place],
        JsonValueKind.Object => schema.EnumerateObject().SelectMany(entry => Untyped(entry.Value, $"{place}.{entry.Name}")),
        JsonValueKind.Array => schema.EnumerateArray().SelectMany((item, index) => Untyped(item, $"{place}[{index}]")),
        _ => [],
    };
}
