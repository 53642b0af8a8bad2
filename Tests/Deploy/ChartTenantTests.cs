using k8s.Models;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Deploy;

/// <summary>Tenants that the chart gives a ConfigMap each.</summary>
public sealed class ChartTenantTests
{
    /// <summary>Mounted as kubelet mounts it: links to a folder that is replaced as a whole.</summary>
    [Fact]
    public async Task Tenants_have_a_ConfigMap_each_that_silos_and_the_check_read_as_one_configuration()
    {
        using var folder = new TemporaryFolder();
        var values = folder.Write("tenants.yaml", "tenants: { beta: " + Tenant("beta") + ", gamma-2: " + Tenant("gamma") + " }");
        var objects = await Manifests.Template(HelmChartTests.Values("company"), "-f", values);
        var job = objects.OfType<V1Job>().Single().Spec.Template.Spec;
        foreach (var pod in new[] { HelmChartTests.Pod(objects, "silo").Spec, job })
        {
            var mounted = Mount(objects, pod.Volumes.Single(volume => volume.Name == "config"));
            Assert.Equal(["config.yaml", "tenants.d/beta.yaml", "tenants.d/gamma-2.yaml"], mounted.Keys.Order());
            Assert.DoesNotContain("gamma", mounted["tenants.d/beta.yaml"] + mounted["config.yaml"]);
            foreach (var secret in pod.Volumes.Where(volume => volume.Secret is not null))
            {
                HelmChartTests.WriteSecret(folder, secret.Secret.SecretName);
            }

            await FrontDoor.WriteUsers(folder);
            File.Copy(folder.File("htpasswd"), folder.File("staff/htpasswd"), overwrite: true);
            (await Check(folder, mounted)).ShouldSucceed();
            (await Check(folder, mounted, ("tenants.d/beta.yaml", "hosts:", "hsots:"))).ShouldFail("tenants.d/beta.yaml");
        }

        Assert.DoesNotContain(HelmChartTests.Pod(objects, "gateway").Spec.Volumes, volume => volume.Projected is not null);
        (await Manifests.Helm("template", "door", Manifests.Chart, "-f", HelmChartTests.Values("company"), "--set", "tenants.acme.hosts={a}")).ShouldFail(
            "tenant acme is in tenants and in config.tenants");
        (await Manifests.Helm("template", "door", Manifests.Chart, "-f", HelmChartTests.Values("company"), "--set", "tenants.Beta.hosts={a}")).ShouldFail(
            "Beta");
    }

    private static string Tenant(string name) =>
        $"{{ hosts: [docker.{name}.example], publicUrl: 'https://docker.{name}.example', authenticators: [staff], routes: [{{ prefix: '', "
            + "upstream: hub }], access: [{ name: all, who: [authenticated], repositories: ['**'], actions: [pull] }] }";

    private static Dictionary<string, string> Mount(IReadOnlyList<object> objects, V1Volume volume) => volume.Projected.Sources
        .SelectMany(source => objects.OfType<V1ConfigMap>().Single(map => map.Name() == source.ConfigMap.Name).Data.Select(
            file => (Path: source.ConfigMap.Items?.Single(item => item.Key == file.Key).Path ?? file.Key, file.Value)))
        .ToDictionary(file => file.Path, file => file.Value);

    private static async Task<ShellResult> Check(
        TemporaryFolder folder, Dictionary<string, string> mounted, (string File, string Text, string By)? edit = null)
    {
        var volume = Directory.CreateDirectory(folder.File($"volume-{Guid.NewGuid():N}")).FullName;
        foreach (var (path, text) in mounted)
        {
            var file = Path.Combine(volume, "..first", path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            var edited = edit is var (name, from, to) && path == name ? text.Replace(from, to) : text;
            await File.WriteAllTextAsync(file, edited.Replace(HelmChartTests.Mounted, folder.Path));
        }

        File.CreateSymbolicLink(Path.Combine(volume, "..data"), "..first");
        File.CreateSymbolicLink(Path.Combine(volume, "config.yaml"), "..data/config.yaml");
        Directory.CreateSymbolicLink(Path.Combine(volume, "tenants.d"), "..data/tenants.d");
        return await Shell.Run("dotnet", [FrontDoor.DllOf("Silo"), "check", "--config", Path.Combine(volume, "config.yaml")]);
    }
}
