using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Documents;

/// <summary>
/// The commands of the pages about Kubernetes without an API server: what would be created is printed, what would be applied is built.
/// </summary>
public sealed class KubernetesPagesTests
{
    private const string Page = "docs/kubernetes.md";
    private const string Nodes = "docs/guides/nodes.md";
    private const string Install = "docs/nodeagent/install.md";
    private const string PullSecrets = "docs/nodeagent/pull-secrets.md";

    /// <summary>kubectl that prints what it would create, builds what it would apply, and asks nobody.</summary>
    public static string Kubectl { get; } = $$"""
        kubectl() {
          case " $* " in
            *" create token "*) printf %s "$POD_TOKEN";;
            *" create "*) command {{Manifests.Tool("kubectl")}} "$@" --dry-run=client -o yaml;;
            *" apply -k "*) command {{Manifests.Tool("kubectl")}} kustomize "${@: -1}";;
            *) return 64;;
          esac
        }
        """;

    [Fact]
    [Types(Page, "kubectl create namespace")]
    public async Task Secrets_are_made_and_the_chart_is_rendered_with_the_values_of_the_page()
    {
        var page = TypedPage.Of(Page);
        using var typist = await new Typist().Knows(Kubectl).Knows($$"""
            helm() { [ "$1" = install ] && shift && command {{Manifests.Tool("helm")}} template "$@"; }
            """).HasDeploy();
        using var certificate = TestCertificates.For("door", "docker.acme.example");
        var (crt, key) = certificate.Pem();
        typist.Folder.Write("tls.crt", crt);
        typist.Folder.Write("tls.key", key);
        await FrontDoor.WriteUsers(typist.Folder);
        typist.Folder.Write("values.yaml", DocumentBlock.Of(Page, "image: {").Text);
        var told = await typist.Type(page.Next());
        told.ShouldSucceed();
        foreach (var secret in new[] { "door-tls", "staff", "cluster-tls", "operators", "state-keys" })
        {
            Assert.Contains($"name: {secret}\n", told.Output);
        }

        Assert.Contains("kind: Deployment", told.Output);
        (await typist.Type("openssl verify -CAfile ca.crt member.crt")).ShouldSucceed();
        page.ShouldBeOver();
    }

    [Fact]
    [Types(Nodes, "sed -i")]
    [Types(Install, "kubectl apply -k")]
    [Types(PullSecrets, "kubectl apply -k")]
    public async Task Overlays_are_built_with_the_target_that_was_tested()
    {
        using var typist = await new Typist().Knows(Kubectl).HasDeploy();
        foreach (var (name, holding) in new[]
        {
            (Install, "value: image-service"), (Nodes, "value: credential-provider"), (PullSecrets, "kind: Deployment"),
        })
        {
            var page = TypedPage.Of(name);
            var built = await typist.Type(page.Next());
            built.ShouldSucceed();
            Assert.Contains(holding.Replace("value: ", ""), built.Output);
            page.ShouldBeOver();
        }

        var overlay = await File.ReadAllTextAsync(typist.Folder.File("deploy/nodeagent/overlays/eks/kustomization.yaml"));
        Assert.Contains("value: credential-provider", overlay);
        Assert.DoesNotContain("value: image-service", overlay);
    }
}
