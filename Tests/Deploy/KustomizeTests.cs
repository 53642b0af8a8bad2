using k8s;
using k8s.Models;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Deploy;

/// <summary>The DaemonSet of the node's agent, as <c>kubectl apply -k</c> would have it.</summary>
public sealed class KustomizeTests
{
    [Theory]
    [InlineData("kubeadm", "image-service")]
    [InlineData("eks", "image-service")]
    [InlineData("gke", "credential-provider")]
    [InlineData("aks", "credential-provider")]
    public async Task An_overlay_installs_its_target_on_nodes_of_both_architectures(string platform, string target)
    {
        var objects = await Manifests.Kustomize($"nodeagent/overlays/{platform}");
        Assert.All(objects.Cast<IKubernetesObject<V1ObjectMeta>>(),
            item => Assert.Equal("registryproxy-nodeagent", item is V1Namespace ? item.Name() : item.Namespace()));
        var settings = Assert.Single(objects.OfType<V1ConfigMap>());
        Assert.Contains("frontDoors:", settings.Data["nodeagent.yaml"]);

        var pod = Assert.Single(objects.OfType<V1DaemonSet>()).Spec.Template.Spec;
        Assert.Equal([pod.PriorityClassName],
            Assert.Single(Assert.Single(objects.OfType<V1ResourceQuota>()).Spec.ScopeSelector.MatchExpressions).Values);
        var install = Assert.Single(pod.InitContainers);
        var environment = install.Env.ToDictionary(variable => variable.Name, variable => variable.Value);
        string[] words = [.. install.Args.Select(
            word => environment.Aggregate(word, (text, pair) => text.Replace($"$({pair.Key})", pair.Value)))];
        Assert.Equal(["install", "--target", target, "--root", "/host"], words);
        Assert.True(pod.HostPID);

        // Before the network plug-in is up, and one node after the other.
        Assert.True(pod.HostNetwork);
        Assert.Equal("ClusterFirstWithHostNet", pod.DnsPolicy);
        Assert.Equal("registryproxy-nodeagent/nodeagent:1", environment["REGISTRYPROXY_TURNS"]);
        Assert.Equal("spec.nodeName", install.Env.Single(variable => variable.Name == "NODE_NAME").ValueFrom.FieldRef.FieldPath);
        Assert.Equal(["leases get,list,create,update", "daemonsets/nodeagent get"], Assert.Single(objects.OfType<V1Role>()).Rules.Select(
            rule => $"{string.Join('/', rule.Resources.Concat(rule.ResourceNames ?? []))} {string.Join(',', rule.Verbs)}"));
        Assert.True(install.SecurityContext.Privileged);
        Assert.Equal(settings.Name(), pod.Volumes.Single(volume => volume.ConfigMap is not null).ConfigMap.Name);
        Assert.Equal(["amd64", "arm64"],
            pod.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms.Single().MatchExpressions
                .Single().Values);
    }

    [Fact]
    public async Task Metrics_of_nodes_are_sent_on_by_the_name_of_the_node_and_page_nobody_when_one_restarts()
    {
        var objects = await Manifests.Kustomize("nodeagent/metrics");
        var settings = Assert.Single(objects.OfType<V1ConfigMap>());
        var pod = Assert.Single(objects.OfType<V1DaemonSet>()).Spec.Template.Spec;
        Assert.True(pod.HostNetwork);
        Assert.Equal(settings.Name(), pod.Volumes.Single(volume => volume.ConfigMap is not null).ConfigMap.Name);
        Assert.Equal("spec.nodeName", Assert.Single(Assert.Single(pod.Containers).Env).ValueFrom.FieldRef.FieldPath);
        Assert.Equal((await Manifests.Kustomize("nodeagent/base")).OfType<V1DaemonSet>().Single().Namespace(),
            objects.OfType<V1DaemonSet>().Single().Namespace());
        var text = settings.Data["prometheus.yaml"];
        Assert.Contains("job_name: nodeagents\n", text);
        using var folder = new TemporaryFolder();
        (await Shell.Run("promtool", ["check", "config", "--agent", folder.Write("prometheus.yaml", text)])).ShouldSucceed();
    }

    [Fact]
    public async Task Pull_secrets_may_write_what_they_keep_in_the_namespaces_that_are_chosen_and_nothing_else()
    {
        var objects = await Manifests.Kustomize("nodeagent/pull-secrets");
        var settings = Assert.Single(objects.OfType<V1ConfigMap>());
        var pod = Assert.Single(objects.OfType<V1Deployment>()).Spec.Template.Spec;
        Assert.Equal(settings.Name(), Assert.Single(pod.Volumes).ConfigMap.Name);
        Assert.Equal("pull-secrets", pod.Containers.Single().Args[0]);
        var nodes = (await Manifests.Kustomize("nodeagent/base")).OfType<V1DaemonSet>().Single().Spec.Template.Spec;
        Assert.Equal(nodes.InitContainers.Single().Image, pod.Containers.Single().Image);
        var role = Assert.Single(objects.OfType<V1Role>());
        Assert.Equal("apps", role.Namespace());
        Assert.Contains("namespace: apps, name: acme-pull, serviceAccount: default", settings.Data["nodeagent.yaml"]);
        Assert.Equal(["secrets create", "secrets/acme-pull get,update", "serviceaccounts/token/default create"],
            role.Rules.Select(rule =>
                $"{string.Join('/', rule.Resources.Concat(rule.ResourceNames ?? []))} {string.Join(',', rule.Verbs)}"));
        Assert.Empty(objects.OfType<V1ClusterRole>());
    }

    [Theory]
    [InlineData("nodeagent/workloads/rbac.yaml")]
    [InlineData("nodeagent/pull-secrets/pull-secrets.yaml")]
    [InlineData("kubernetes/rbac.yaml")]
    [InlineData("kubernetes/orleanscluster-crd.yaml")]
    public void A_manifest_has_the_fields_of_its_kind_alone(string file) =>
        Assert.NotEmpty(Manifests.Read(File.ReadAllText(Path.Combine(Manifests.Deploy, file))));
}
