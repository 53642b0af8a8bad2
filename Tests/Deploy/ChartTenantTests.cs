using k8s;
using k8s.Models;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Deploy;

/// <summary>Tenants that the chart gives a file each.</summary>
public sealed class ChartTenantTests
{
    /// <summary>Mounted as kubelet mounts it: links to a folder that is replaced as a whole.</summary>
    [Fact]
    public async Task Tenants_have_a_file_each_that_silos_and_the_check_read_as_one_configuration()
    {
        using var folder = new TemporaryFolder();
        var objects = await With(folder, "beta", "Gamma_2");
        var job = objects.OfType<V1Job>().Single().Spec.Template.Spec;
        foreach (var pod in new[] { HelmChartTests.Pod(objects, "silo").Spec, job })
        {
            var mounted = Mount(objects, pod);
            Assert.Equal(["config.yaml", "tenant-Gamma_2.yaml", "tenant-beta.yaml"], mounted.Keys.Order(StringComparer.Ordinal));
            Assert.DoesNotContain("gamma", mounted["tenant-beta.yaml"] + mounted["config.yaml"], StringComparison.OrdinalIgnoreCase);
            foreach (var secret in pod.Volumes.Where(volume => volume.Secret is not null))
            {
                HelmChartTests.WriteSecret(folder, secret.Secret.SecretName);
            }

            await FrontDoor.WriteUsers(folder);
            File.Copy(folder.File("htpasswd"), folder.File("staff/htpasswd"), overwrite: true);
            (await Check(folder, mounted)).ShouldSucceed();
            (await Check(folder, mounted, ("tenant-beta.yaml", "hosts:", "hsots:"))).ShouldFail("tenant-beta.yaml");
        }
    }

    /// <summary>Objects are updated one after the other, and come to each pod in an order of their own.</summary>
    [Fact]
    public async Task A_revision_and_its_tenants_are_one_object_that_running_pods_mount_whole()
    {
        using var folder = new TemporaryFolder();
        var (before, after) = (await With(folder, "beta"), await With(folder, "beta", "delta"));
        foreach (var objects in new[] { before, after })
        {
            var map = Assert.Single(
                objects.OfType<V1ConfigMap>(), map => map.Name().EndsWith("-silo", StringComparison.Ordinal));
            Assert.Contains("revision:", map.Data["config.yaml"]);
            Assert.Equal(map.Data, Mount(objects, HelmChartTests.Pod(objects, "silo").Spec));
            Assert.DoesNotContain(
                objects.OfType<V1ConfigMap>(), other => other.Name().Contains("-silo-", StringComparison.Ordinal));
        }

        // What is mounted does not depend on the tenants: a new one comes to the pods that run.
        Assert.Equal(
            KubernetesYaml.Serialize(HelmChartTests.Pod(before, "silo")), KubernetesYaml.Serialize(HelmChartTests.Pod(after, "silo")));
    }

    [Fact]
    public async Task Managed_tenants_are_rendered_and_the_check_says_that_their_part_is_in_the_state()
    {
        using var folder = new TemporaryFolder();
        var objects = await Manifests.Template(HelmChartTests.Values("managed"));
        var job = objects.OfType<V1Job>().Single().Spec.Template.Spec;
        foreach (var secret in job.Volumes.Where(volume => volume.Secret is not null))
        {
            HelmChartTests.WriteSecret(folder, secret.Secret.SecretName);
        }

        var mounted = Mount(objects, job);
        Assert.Equal(["config.yaml", "tenant-acme.yaml", "tenant-beta.yaml"], mounted.Keys.Order(StringComparer.Ordinal));
        var good = await Check(folder, mounted);
        good.ShouldSucceed();
        Assert.All(new[] { "acme", "beta" }, tenant => Assert.Contains($"tenant '{tenant}' is managed", good.Output));

        // What belongs to the administrators is refused where the operator says it.
        (await Check(folder, mounted, ("tenant-beta.yaml", "managed: true", "managed: true\n    routes: []"))).ShouldFail("managed");
    }

    [Theory]
    [InlineData("acme", "tenant acme is in tenants and in config.tenants")]
    [InlineData("acme\\.example", "acme.example")]
    [InlineData("-beta", "-beta")]
    public async Task A_name_that_is_none_or_there_already_is_refused_before_anything_changes(string name, string saying) =>
        (await Manifests.Helm("template", "door", Manifests.Chart, "-f", HelmChartTests.Values("company"), "--set",
            $"tenants.{name}.hosts={{a}}")).ShouldFail(saying);

    private static Task<IReadOnlyList<object>> With(TemporaryFolder folder, params string[] tenants)
    {
        var files = tenants.Select(name => $"{name}: {Tenant(name.Replace("_", "-").ToLowerInvariant())}");
        return Manifests.Template(
            HelmChartTests.Values("company"), "-f", folder.Write("tenants.yaml", $"tenants: {{ {string.Join(", ", files)} }}"));
    }

    private static string Tenant(string name) =>
        $"{{ hosts: [docker.{name}.example], publicUrl: 'https://docker.{name}.example', authenticators: [staff], routes: [{{ prefix: '', "
            + "upstream: hub }], access: [{ name: all, who: [authenticated], repositories: ['**'], actions: [pull] }] }";

    private static Dictionary<string, string> Mount(IReadOnlyList<object> objects, V1PodSpec pod)
    {
        var source = pod.Volumes.Single(volume => volume.Name == "config").ConfigMap;
        Assert.Null(source.Items);
        return new(objects.OfType<V1ConfigMap>().Single(map => map.Name() == source.Name).Data);
    }

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
        foreach (var name in mounted.Keys)
        {
            File.CreateSymbolicLink(Path.Combine(volume, name), $"..data/{name}");
        }

        return await Shell.Run("dotnet", [FrontDoor.DllOf("Silo"), "check", "--config", Path.Combine(volume, "config.yaml")]);
    }
}
