using k8s;
using k8s.Models;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Kubernetes;

/// <summary>What helm and kustomize make of <c>deploy</c>, each object read strictly as the type that it says it is.</summary>
internal static class Manifests
{
    private static readonly Dictionary<string, Type> Custom =
        new()
        {
            ["monitoring.coreos.com/v1/ServiceMonitor"] = typeof(ServiceMonitor),
            ["gateway.networking.k8s.io/v1/HTTPRoute"] = typeof(HttpRoute),
        };

    /// <summary>The folder <c>deploy</c> of the repository.</summary>
    public static string Deploy { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../deploy"));

    public static string Chart { get; } = Path.Combine(Deploy, "helm/registryproxy");

    public static async Task<IReadOnlyList<object>> Template(string values, params string[] more)
    {
        var rendered = await Helm(["template", "door", Chart, "--namespace", "prod", "--include-crds", "-f", values, .. more]);
        rendered.ShouldSucceed();
        return Read(rendered.Output);
    }

    public static async Task<IReadOnlyList<object>> Kustomize(string folder)
    {
        var built = await Shell.Run(Tool("kubectl"), ["kustomize", Path.Combine(Deploy, folder)]);
        built.ShouldSucceed();
        return Read(built.Output);
    }

    public static Task<ShellResult> Helm(params string[] arguments) => Shell.Run(Tool("helm"), arguments);

    /// <summary>kubectl, with objects on its standard input.</summary>
    public static Task<ShellResult> Kubectl(string objects, params string[] arguments) => Shell.Run(Tool("kubectl"), arguments, objects);

    /// <summary>helm with a home, where it keeps its logins and works.</summary>
    public static Task<ShellResult> HelmIn(string home, params string[] arguments) => Shell.Run(
        Tool("helm"), arguments, null, ("HELM_CONFIG_HOME", home), ("HELM_CACHE_HOME", home), ("HELM_DATA_HOME", home), ("HOME", home),
        ("DOCKER_CONFIG", home));

    /// <summary>A field that the type does not have is an error.</summary>
    public static IReadOnlyList<object> Read(string yaml) => KubernetesYaml.LoadAllFromString(yaml, Custom, strict: true);

    /// <summary>The one that <c>test.sh</c> installed, so that no other of this machine stands in for it.</summary>
    public static string Tool(string name)
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var path = Path.Combine(cache, "registryproxy-tests", name, name);
        Assert.True(File.Exists(path), $"{path} is not there; ./test.sh installs it");
        return path;
    }
}

/// <summary>What Prometheus is told of us (prometheus-operator, monitoring.coreos.com/v1), as far as the chart uses it.</summary>
internal sealed class ServiceMonitor : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public ServiceMonitorSpec Spec { get; set; } = new();
}

internal sealed class ServiceMonitorSpec
{
    public V1LabelSelector Selector { get; set; } = new();

    public List<ServiceMonitorEndpoint> Endpoints { get; set; } = [];
}

internal sealed class ServiceMonitorEndpoint
{
    public string Port { get; set; } = "";

    public string Path { get; set; } = "";

    public string Interval { get; set; } = "";

    public ServiceMonitorAuthorization Authorization { get; set; } = new();
}

internal sealed class ServiceMonitorAuthorization
{
    public V1SecretKeySelector Credentials { get; set; } = new();
}
