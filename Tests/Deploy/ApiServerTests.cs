using RegistryProxy.Tests.Support.Kubernetes;

namespace RegistryProxy.Tests.Deploy;

/// <summary>
/// What the chart makes is taken by the API server of <c>KUBECONFIG</c> when that is set: its schemas, defaults and admission judge each
/// object, and nothing is changed there. Otherwise every object is read strictly as its type of the API.
/// </summary>
public sealed class ApiServerTests
{
    [Theory]
    [InlineData("kubernetes")]
    [InlineData("redis")]
    [InlineData("company")]
    [InlineData("managed")]
    public async Task Every_object_of_the_chart_is_taken(string values)
    {
        var rendered = await Manifests.Helm(
            "template", "door", Manifests.Chart, "--namespace", "default", "--no-hooks", "-f", HelmChartTests.Values(values),
            "--set", "serviceMonitor.enabled=false", "--set", "gateway.route.enabled=false");
        rendered.ShouldSucceed();
        Assert.Null(await Refusal(rendered.Output));
    }

    [Fact]
    public async Task A_field_that_there_is_not_is_refused() => Assert.Contains("daat", await Refusal(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: odd, namespace: default }\ndaat: {}\n"));

    /// <summary>Why objects are not taken; <c>null</c> when they are.</summary>
    private static async Task<string?> Refusal(string objects)
    {
        if (Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 })
        {
            var applied = await Manifests.Kubectl(objects, "apply", "--dry-run=server", "--validate=strict", "-f", "-");
            return applied.ExitCode == 0 ? null : applied.Output;
        }

        try
        {
            return Manifests.Read(objects).Count > 0 ? null : "there is none";
        }
        catch (Exception fault)
        {
            return $"{fault.Message}: {fault.InnerException?.Message}";
        }
    }
}
