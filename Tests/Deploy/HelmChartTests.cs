using System.Security.Cryptography;
using k8s.Models;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Deploy;

/// <summary>The chart, rendered by helm: every object is of its kind, and the configurations in it are ones that the hosts take.</summary>
public sealed class HelmChartTests
{
    internal const string Mounted = "/etc/registryproxy/secrets";

    internal static string Values(string name) => Path.Combine(Manifests.Chart, "ci", $"{name}-values.yaml");

    [Theory]
    [InlineData("kubernetes")]
    [InlineData("redis")]
    [InlineData("company")]
    [InlineData("managed")]
    public async Task It_passes_helms_own_checks(string values) =>
        (await Manifests.Helm("lint", "--strict", Manifests.Chart, "-f", Values(values))).ShouldSucceed();

    [Fact]
    public async Task It_says_what_it_needs_and_refuses_what_it_does_not_know()
    {
        (await Manifests.Helm("template", "door", Manifests.Chart)).ShouldFail("is required");
        (await Manifests.Helm("template", "door", Manifests.Chart, "-f", Values("redis"), "--set", "admin.tokenSecret.name=")).ShouldFail(
            "admin.tokenSecret.name is required");
        (await Manifests.Helm("template", "door", Manifests.Chart, "-f", Values("redis"), "--set", "state.provider=redis")).ShouldFail(
            "state.redis.connection is required");
        (await Manifests.Helm("template", "door", Manifests.Chart, "-f", Values("redis"), "--set", "gateway.replica=3")).ShouldFail(
            "replica");
        (await Manifests.Helm("template", "door", Manifests.Chart, "-f", Values("redis"), "--set",
            "config.cluster.provider=redis")).ShouldFail("cluster");
        (await Manifests.Helm("template", "door", Manifests.Chart, "-f", Values("redis"), "--set",
            "config.upstreams.hub.adress=x")).ShouldFail("adress");
        (await Manifests.Helm("template", "door", Manifests.Chart, "-f", Values("redis"), "--set",
            "gateway.ingress.enabled=true")).ShouldFail("gateway.ingress.hosts is required");
    }

    [Fact]
    public async Task An_ingress_before_gateways_with_tls_has_to_say_so_to_its_controller()
    {
        string[] ingress = ["--set", "gateway.ingress.enabled=true", "--set", "gateway.ingress.hosts={docker.acme.example}"];
        (await Manifests.Helm(["template", "door", Manifests.Chart, "-f", Values("kubernetes"), .. ingress])).ShouldFail(
            "plain HTTP to gateways that speak TLS");
        foreach (var annotation in new[] { "ingress.annotations.nginx\\.ingress\\.kubernetes\\.io/backend-protocol=HTTPS",
            "ingress.annotations.nginx\\.ingress\\.kubernetes\\.io/ssl-passthrough=yes",
            "service.annotations.traefik\\.ingress\\.kubernetes\\.io/service\\.serversscheme=https" })
        {
            Assert.Single((await Manifests.Template(
                Values("kubernetes"), [.. ingress, "--set", $"gateway.{annotation}"])).OfType<V1Ingress>());
        }
    }

    [Fact]
    public async Task More_tenants_than_a_ConfigMap_holds_are_refused_with_the_way_out()
    {
        using var folder = new TemporaryFolder();
        var rule = string.Join(", ", Enumerable.Range(0, 40).Select(i => $"\"team-{i}/**\""));
        var values = folder.Write("tenants.yaml", "tenants:\n" + string.Join('\n', Enumerable.Range(0, 1000).Select(i =>
            $"  t{i}: {{ hosts: [\"t{i}.example\"], routes: [{{ prefix: \"\", upstream: company }}], access: [{{ name: a, who: [anonymous], " +
            $"repositories: [{rule}], actions: [pull] }}] }}")));
        (await Manifests.Helm("template", "door", Manifests.Chart, "-f", Values("redis"), "-f", values)).ShouldFail("managed: true");
    }

    [Fact]
    public async Task What_companies_ask_for_is_in_the_pods()
    {
        var objects = await Manifests.Template(Values("company"));
        var (silo, gateway) = (Pod(objects, "silo"), Pod(objects, "gateway"));
        Assert.Equal("arn:aws:iam::123456789012:role/registryproxy",
            objects.OfType<V1ServiceAccount>().Single(account => account.Name() == "door-registryproxy-silo")
                .Metadata.Annotations["eks.amazonaws.com/role-arn"]);
        Assert.Equal("true", silo.Metadata.Labels["azure.workload.identity/use"]);
        Assert.Equal(("system-cluster-critical", "topology.kubernetes.io/zone", 80L),
            (silo.Spec.PriorityClassName, Assert.Single(silo.Spec.TopologySpreadConstraints).TopologyKey,
                silo.Spec.TerminationGracePeriodSeconds));
        Assert.Equal(["system-cluster-critical"],
            Assert.Single(Assert.Single(objects.OfType<V1ResourceQuota>()).Spec.ScopeSelector.MatchExpressions).Values);
        Assert.Equal("silo-environment", Assert.Single(silo.Spec.Containers[0].EnvFrom).SecretRef.Name);
        Assert.Contains(silo.Spec.Containers[0].VolumeMounts, mount => mount.MountPath == "/run/plug-in");
        Assert.Equal("wait", Assert.Single(silo.Spec.InitContainers).Name);
        Assert.Equal(["gateway", "logs"], gateway.Spec.Containers.Select(container => container.Name));
        Assert.Equal(300, gateway.Spec.TerminationGracePeriodSeconds);
        Assert.Equal("fast", gateway.Spec.Volumes.Single(volume => volume.Name == "cache").Ephemeral.VolumeClaimTemplate.Spec.StorageClassName);
        Assert.All(new[] { silo, gateway }, pod =>
        {
            Assert.Equal("company-ca", pod.Spec.Volumes.Single(volume => volume.Name == "ca").ConfigMap.Name);
            Assert.Equal("/etc/registryproxy/ca/ca.crt",
                pod.Spec.Containers[0].Env.Single(variable => variable.Name == "SSL_CERT_FILE").Value);
            Assert.All(pod.Spec.Containers[0].VolumeMounts,
                mount => Assert.Contains(pod.Spec.Volumes, volume => volume.Name == mount.Name));
        });
    }

    [Fact]
    public async Task Clients_come_by_a_load_balancer_an_ingress_or_a_route()
    {
        var objects = await Manifests.Template(Values("company"));
        var service = objects.OfType<V1Service>().Single(one => one.Name() == "door-registryproxy");
        Assert.Equal("service.k8s.aws/nlb", service.Spec.LoadBalancerClass);
        var rule = Assert.Single(Assert.Single(objects.OfType<V1Ingress>()).Spec.Rules);
        Assert.Equal(("docker.acme.example", service.Name(), "data"),
            (rule.Host, rule.Http.Paths[0].Backend.Service.Name, rule.Http.Paths[0].Backend.Service.Port.Name));
        var route = Assert.Single(objects.OfType<HttpRoute>()).Spec;
        Assert.Equal(("public", service.Name(), 443),
            (route.ParentRefs.Single().Name, route.Rules.Single().BackendRefs.Single().Name,
                route.Rules.Single().BackendRefs.Single().Port));
    }

    [Theory]
    [InlineData("kubernetes", 443)]
    [InlineData("company", 443)]
    [InlineData("managed", 80)]
    public async Task What_has_no_tls_behind_an_ingress_is_not_on_the_port_of_https(string values, int port)
    {
        var service = (await Manifests.Template(Values(values))).OfType<V1Service>().Single(one => one.Name() == "door-registryproxy");
        Assert.Equal((port, port == 443 && values == "kubernetes" ? "https" : "http"),
            (Assert.Single(service.Spec.Ports).Port, service.Spec.Ports[0].AppProtocol));
    }

    [Fact]
    public async Task An_upgrade_begins_with_a_check_of_the_configuration_that_the_silos_get()
    {
        var objects = await Manifests.Template(Values("company"));
        var job = Assert.Single(objects.OfType<V1Job>());
        Assert.Equal("pre-upgrade", job.Metadata.Annotations["helm.sh/hook"]);
        var (check, pod) = (job.Spec.Template.Spec.Containers.Single(), job.Spec.Template.Spec);
        Assert.Equal(["check", "--config", "/etc/registryproxy/config/config.yaml", "--strict"], check.Args);
        string Text(string name) => objects.OfType<V1ConfigMap>().Single(map => map.Name() == name).Data["config.yaml"];
        Assert.Equal(Text("door-registryproxy-silo"), Text(pod.Volumes.Single(volume => volume.Name == "config").ConfigMap.Name));
        var silo = Pod(objects, "silo").Spec;
        Assert.Empty(silo.Containers[0].VolumeMounts.Select(mount => mount.MountPath)
            .Except(check.VolumeMounts.Select(mount => mount.MountPath)));
        Assert.Contains(check.Env, variable => variable is { Name: "SSL_CERT_FILE", Value: "/etc/registryproxy/ca/ca.crt" });
        Assert.Equal("company-ca", pod.Volumes.Single(volume => volume.Name == "ca").ConfigMap.Name);
        Assert.Equal(silo.InitContainers.Select(container => container.Name), pod.InitContainers.Select(container => container.Name));
        Assert.Equal("false", job.Spec.Template.Metadata.Labels["sidecar.istio.io/inject"]);
        Assert.Equal("disabled", job.Spec.Template.Metadata.Annotations["linkerd.io/inject"]);
        Assert.Equal("50m", check.Resources.Requests["cpu"].ToString());
        Assert.All(check.VolumeMounts, mount => Assert.Contains(pod.Volumes, volume => volume.Name == mount.Name));
        Assert.Empty((await Manifests.Template(Values("company"), "--set", "check.enabled=false")).OfType<V1Job>());
    }

    [Fact]
    public async Task An_upgrade_with_the_values_of_an_earlier_chart_is_one()
    {
        const string Part = "{ podLabels: null, serviceAccount: null, priorityClassName: null, topologySpreadConstraints: null, "
            + "terminationGracePeriodSeconds: null, initContainers: null, extraContainers: null, extraVolumes: null, "
            + "extraVolumeMounts: null, envFrom: null";
        using var folder = new TemporaryFolder();
        var earlier = folder.Write("earlier.yaml", $$"""
            silo: {{Part}} }
            gateway:
              {{Part}}, service: { loadBalancerClass: null }, ingress: null, route: null, cache: { enabled: true, persistent: null } }
            caBundle: null
            check: null
            """);
        var objects = await Manifests.Template(Values("redis"), "-f", earlier);
        Assert.All(objects.OfType<V1Deployment>(), one => Assert.Equal(80, one.Spec.Template.Spec.TerminationGracePeriodSeconds));
        Assert.NotNull(Pod(objects, "gateway").Spec.Volumes.Single(volume => volume.Name == "cache").EmptyDir);
        await Manifests.Template(Values("redis"), "--set", "check.resources=null");
    }

    internal static V1PodTemplateSpec Pod(IReadOnlyList<object> objects, string part) =>
        objects.OfType<V1Deployment>().Single(deployment => deployment.Name() == $"door-registryproxy-{part}").Spec.Template;

    [Fact]
    public async Task With_everything_on_each_part_has_what_an_operator_expects()
    {
        var objects = await Manifests.Template(Values("kubernetes"));
        Assert.Equal(["door-registryproxy-gateway", "door-registryproxy-silo"],
            objects.OfType<V1PodDisruptionBudget>().Select(budget => budget.Name()).Order());
        Assert.Equal("door-registryproxy-gateway", Assert.Single(objects.OfType<V2HorizontalPodAutoscaler>()).Spec.ScaleTargetRef.Name);
        Assert.Equal("orleansclusters.registryproxy.dev", Assert.Single(objects.OfType<V1CustomResourceDefinition>()).Name());
        Assert.Equal(2, objects.OfType<ServiceMonitor>().Count());
        Assert.Contains(objects.OfType<V1Role>().Single(role => role.Name().EndsWith("-silo")).Rules,
            rule => rule.Resources.Contains("pods"));
        Assert.Equal(["get"], Assert.Single(objects.OfType<V1Role>().Single(role => role.Name().EndsWith("-gateway")).Rules).Verbs);
        foreach (var deployment in objects.OfType<V1Deployment>())
        {
            ShouldBeReachable(objects, deployment);
            ShouldBeConfined(deployment);
        }

        // The ports of the cluster are for members alone.
        var silos = objects.OfType<V1NetworkPolicy>().Single(policy => policy.Name().EndsWith("-silo")).Spec.Ingress;
        Assert.Equal(["11111,30000", "30000", "5001"], silos.Select(rule => string.Join(',', rule.Ports.Select(port => port.Port.Value))));
        Assert.All(silos, rule => Assert.NotEmpty(rule.FromProperty));
        var gateways = objects.OfType<V1NetworkPolicy>().Single(policy => policy.Name().EndsWith("-gateway")).Spec.Ingress;
        Assert.Equal(["5000", "5002", "5001"], gateways.Select(rule => string.Join(',', rule.Ports.Select(port => port.Port.Value))));
    }

    [Theory]
    [InlineData("kubernetes")]
    [InlineData("redis")]
    [InlineData("company")]
    [InlineData("managed")]
    public async Task Both_configurations_are_ones_that_the_hosts_take(string values)
    {
        using var folder = new TemporaryFolder();
        await FrontDoor.WriteUsers(folder);
        Directory.CreateDirectory(folder.File("staff"));
        File.Copy(folder.File("htpasswd"), folder.File("staff/htpasswd"));
        var objects = await Manifests.Template(Values(values));
        foreach (var deployment in objects.OfType<V1Deployment>())
        {
            var part = deployment.Name().Split('-')[^1];
            var pod = deployment.Spec.Template.Spec;
            var config = objects.OfType<V1ConfigMap>()
                .Single(map => map.Name() == pod.Volumes.Single(volume => volume.Name == "config").ConfigMap.Name).Data["config.yaml"];
            Assert.DoesNotContain("value:", config);
            foreach (var mount in pod.Containers[0].VolumeMounts.Where(
                mount => mount.MountPath.StartsWith(Mounted, StringComparison.Ordinal)))
            {
                WriteSecret(folder, mount.MountPath[(Mounted.Length + 1)..]);
            }

            var file = folder.Write($"{part}.yaml", config.Replace(Mounted, folder.Path));
            (await Shell.Run("dotnet", [FrontDoor.DllOf(part == "silo" ? "Silo" : "Gateway"), "check", "--config", file])).ShouldSucceed();
            foreach (var named in config.Split('"').Where(text => text.StartsWith(Mounted, StringComparison.Ordinal)))
            {
                Assert.True(File.Exists(named.Replace(Mounted, folder.Path)), $"{part} mounts no Secret with {named}");
            }
        }
    }

    [Fact]
    public async Task Pods_are_replaced_for_what_needs_a_restart_and_for_nothing_else()
    {
        var before = await Stamps();
        Assert.Equal(before, await Stamps("--set", "config.tokens.accessLifetime=5m"));
        Assert.NotEqual(before, await Stamps("--set", "cluster.maxStale=1m"));
        Assert.All(await Configurations(), file => Assert.StartsWith("revision: 1\n", file));
        Assert.All(await Configurations("--set", "revision=1234567"), file => Assert.StartsWith("revision: 1234567\n", file));

        static async Task<IEnumerable<string>> Configurations(params string[] more) =>
            (await Manifests.Template(Values("redis"), more)).OfType<V1ConfigMap>().Select(map => map.Data["config.yaml"]);

        static async Task<IEnumerable<string>> Stamps(params string[] more) => (await Manifests.Template(Values("redis"), more))
            .OfType<V1Deployment>().Select(
                deployment => string.Join(';', deployment.Spec.Template.Metadata.Annotations.Select(pair => $"{pair.Key}={pair.Value}")));
    }

    private static void ShouldBeReachable(IReadOnlyList<object> objects, V1Deployment deployment)
    {
        var template = deployment.Spec.Template;
        Assert.All(deployment.Spec.Selector.MatchLabels, label => Assert.Equal(label.Value, template.Metadata.Labels[label.Key]));
        var container = template.Spec.Containers.Single();
        foreach (var service in objects.OfType<V1Service>().Where(service => service.Spec.Selector.All(template.Metadata.Labels.Contains)))
        {
            Assert.All(service.Spec.Ports, port => Assert.Contains(container.Ports, known => known.Name == port.TargetPort.Value));
        }

        Assert.Contains(objects.OfType<V1ServiceAccount>(), account => account.Name() == template.Spec.ServiceAccountName);
        Assert.All(new[] { container.LivenessProbe, container.ReadinessProbe, container.StartupProbe },
            probe => Assert.Equal("admin", probe.HttpGet.Port.Value));
        var (grace, drain) = (template.Spec.TerminationGracePeriodSeconds, 60 + 5 + 5);
        Assert.True(grace > drain, $"{grace} s");
    }

    private static void ShouldBeConfined(V1Deployment deployment)
    {
        var (pod, container) = (deployment.Spec.Template.Spec, deployment.Spec.Template.Spec.Containers.Single());
        Assert.True(pod.SecurityContext.RunAsNonRoot);
        Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
        Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
        Assert.NotNull(container.Resources.Limits["memory"]);
    }

    /// <summary>Writes the files that a Secret may have.</summary>
    internal static void WriteSecret(TemporaryFolder folder, string name)
    {
        Directory.CreateDirectory(folder.File(name));
        using var authority = TestCertificates.Authority(name);
        var (certificate, key) = authority.Issue(name);
        foreach (var (file, text) in new[] { ("tls.crt", certificate), ("tls.key", key), ("ca.crt", authority.ExportCertificatePem()) })
        {
            folder.Write($"{name}/{file}", text);
        }

        foreach (var file in new[] { "token", "password", "k1", "k2" })
        {
            folder.Write($"{name}/{file}", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        }
    }
}
