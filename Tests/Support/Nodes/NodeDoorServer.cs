using RegistryProxy.Tests.Identity;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>
/// A front door that knows machines of every kind, and the issuers it believes. Who is known may pull below <c>nodes</c>; alice may push
/// everywhere; everybody may pull below <c>public</c>.
/// </summary>
internal sealed class NodeDoorServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private NodeDoorServer(TestIssuer issuer, StsServer sts) => (Issuer, Sts) = (issuer, sts);

    public FrontDoor Door { get; private set; } = null!;

    public TestIssuer Issuer { get; }

    public StsServer Sts { get; }

    public static async Task<NodeDoorServer> Start(DockerRegistry registry)
    {
        var server = new NodeDoorServer(await TestIssuer.Start(), await StsServer.Start());
        server.Door = await FrontDoor.Start(server.Yaml(registry));
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await Door.DisposeAsync();
        await Sts.DisposeAsync();
        await Issuer.DisposeAsync();
        _folder.Dispose();
    }

    private string Yaml(DockerRegistry registry)
    {
        Directory.CreateDirectory(_folder.File("aws"));
        Directory.CreateDirectory(_folder.File("azure"));
        _folder.Write("aws/eu-west-1.pem", InstanceDocumentTests.Region.ExportCertificatePem());
        _folder.Write("azure/root.pem", InstanceDocumentTests.Root.ExportCertificatePem());
        _folder.Write("azure/intermediate.pem", InstanceDocumentTests.Intermediate.ExportCertificatePem());
        _folder.Write("jwks.json", Issuer.KeySet);
        return $$"""
            upstreams:
              local: { url: "{{registry.Url}}", allowPrivate: true }
            authenticators:
              staff: { type: htpasswd, file: htpasswd }
              nodes: { type: aws-sts, accounts: ["123456789012"], serverId: docker.acme.example, endpoint: "{{Sts.Url}}", allowPrivate: true }
              legacy: { type: aws-iid, accounts: ["123456789012"], regions: [eu-west-1], certificates: {{_folder.File("aws")}}, maxAge: 30d }
              gce: { type: gcp-identity, audience: docker.acme.example, projects: [acme-prod], jwks: "{{Issuer.Url}}/keys", allowPrivate: true }
              azure: { type: azure-attested, subscriptions: ["8d10da13-8125-4ba9-a717-bf7490507b3d"], roots: {{_folder.File("azure")}} }
              k8s: { type: kubernetes, issuer: "https://k8s.example", audience: registry, jwks: { file: {{_folder.File("jwks.json")}} } }
              ci: { type: oidc, issuer: "{{Issuer.Url}}", audience: docker.acme.example, require: { repository: acme/app }, allowPrivate: true }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [staff, nodes, legacy, gce, azure, k8s, ci]
                routes: [{ prefix: "", upstream: local }]
                namespaces: { mirrored.example: "" }
                access:
                  - { name: alice, who: ["user:staff/alice"], repositories: ["**"], actions: [pull, push] }
                  - { name: bob, who: ["user:staff/bob"], repositories: ["nodes/**"], actions: [pull] }
                  - { name: machines, who: ["authenticator:nodes", "authenticator:legacy", "authenticator:gce", "authenticator:azure", "authenticator:ci"], repositories: ["nodes/**"], actions: [pull] }
                  - { name: pods, who: ["authenticator:k8s"], when: { serviceAccount: puller }, repositories: ["nodes/**"], actions: [pull] }
                  - { name: public, who: [anonymous], repositories: ["public/**"], actions: [pull] }
            """;
    }
}
