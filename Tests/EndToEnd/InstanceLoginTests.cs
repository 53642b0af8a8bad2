using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Tests.Identity;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Machines of Kubernetes, Google, AWS and Azure log in with real clients.</summary>
public sealed class InstanceLoginTests(Lab lab)
{
    [Fact]
    public async Task Every_kind_of_machine_logs_in_and_pulls()
    {
        await using var issuer = await TestIssuer.Start();
        using var folder = Certificates();
        await using var verifier = await BadgeServer.Start((name, text) => folder.Write(name, text));
        await using var door = await FrontDoor.Start(Yaml(await lab.Registry, issuer, folder, verifier));
        using var alice = door.Client("alice");
        await alice.PushImage("kinds/machine", "v1", TestImage.Build(181, 10_000));

        var instance = Encode(new { rsa2048 = InstanceDocumentTests.Iid(), nonce = await Nonce(alice, "legacy") });
        foreach (var (user, password) in new[] { ("_k8s", issuer.Sign(Account())), ("_gce", issuer.Sign(Engine())), ("_legacy", instance),
            ("_plugin", "badge-4711") })
        {
            await PullsEverywhere(door, user, password);
            await PullsWithDocker(door, user, password);
        }

        // What Azure attests counts once: it opens a session, and the session pulls.
        var attested = await Attested(alice);
        await PullsWithDocker(door, "_azure", attested);
        (await Skopeo.Pull($"{door.Authority}/kinds/machine:v1", folder.File("again"), $"_azure:{attested}")).ShouldFail("unauthorized");
        using var opened = await alice.PostToken(
            ("grant_type", "password"), ("username", "_azure"), ("password", await Attested(alice)), ("service", "127.0.0.1"),
            ("access_type", "offline"));
        await PullsEverywhere(door, "_session", (await RegistryClient.ReadToken(opened)).RefreshToken!);
    }

    private async Task PullsWithDocker(FrontDoor door, string user, string password)
    {
        var docker = (await lab.Docker).NewClient();
        (await docker.Login(door.Authority, user, password)).ShouldSucceed();
        (await docker.Pull($"{door.Authority}/kinds/machine:v1")).ShouldSucceed();
        (await docker.Pull($"{door.Authority}/other/machine:v1")).ShouldFail("denied");
    }

    private async Task PullsEverywhere(FrontDoor door, string user, string password)
    {
        using var folder = new TemporaryFolder();
        (await Skopeo.Pull($"{door.Authority}/kinds/machine:v1", folder.File("image"), $"{user}:{password}")).ShouldSucceed();
        (await (await lab.Containerd).Pull($"{door.Authority}/kinds/machine:v1", $"{user}:{password}")).ShouldSucceed();
    }

    private static async Task<string> Attested(RegistryClient client)
    {
        var nonce = await Nonce(client, "azure");
        return Encode(new { signature = InstanceDocumentTests.Attested(nonce), nonce });
    }

    private static async Task<string> Nonce(RegistryClient client, string authenticator)
    {
        using var answer = JsonDocument.Parse(await client.Http.GetStringAsync($"/token/nonce?authenticator={authenticator}"));
        return answer.RootElement.GetProperty("nonce").GetString()!;
    }

    private static string Encode(object credential) => Base64UrlEncoder.Encode(JsonSerializer.Serialize(credential));

    private static long Later => DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 600;

    private static Dictionary<string, object> Account() => new()
    {
        ["iss"] = "https://k8s.example", ["aud"] = "registry", ["sub"] = "system:serviceaccount:prod:puller", ["exp"] = Later,
        ["kubernetes.io"] = new { @namespace = "prod", serviceaccount = new { name = "puller", uid = "1" } },
    };

    private static Dictionary<string, object> Engine() => new()
    {
        ["iss"] = "https://accounts.google.com", ["aud"] = "docker.acme.example", ["sub"] = "1", ["exp"] = Later,
        ["google"] = new { compute_engine = new { project_id = "acme-prod", zone = "europe-west1-b", instance_id = "8087716956832600000",
            instance_name = "node-1" } },
    };

    private static TemporaryFolder Certificates()
    {
        var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("aws"));
        Directory.CreateDirectory(folder.File("azure"));
        folder.Write("aws/eu-west-1.pem", InstanceDocumentTests.Region.ExportCertificatePem());
        folder.Write("azure/root.pem", InstanceDocumentTests.Root.ExportCertificatePem());
        folder.Write("azure/intermediate.pem", InstanceDocumentTests.Intermediate.ExportCertificatePem());
        return folder;
    }

    private static string Yaml(DockerRegistry registry, TestIssuer issuer, TemporaryFolder folder, BadgeServer verifier)
    {
        folder.Write("jwks.json", issuer.KeySet);
        return $$"""
            upstreams:
              local: { url: "{{registry.Url}}", allowPrivate: true }
            authenticators:
              staff: { type: htpasswd, file: htpasswd }
              k8s: { type: kubernetes, issuer: "https://k8s.example", audience: registry, jwks: { file: {{folder.File("jwks.json")}} } }
              gce: { type: gcp-identity, audience: docker.acme.example, projects: [acme-prod], jwks: "{{issuer.Url}}/keys", allowPrivate: true }
              legacy: { type: aws-iid, accounts: ["123456789012"], regions: [eu-west-1], certificates: {{folder.File("aws")}}, maxAge: 30d }
              azure: { type: azure-attested, subscriptions: ["8d10da13-8125-4ba9-a717-bf7490507b3d"], roots: {{folder.File("azure")}} }
              plugin:
                { type: grpc, endpoint: "{{verifier.Url}}", ca: {{folder.File("server.crt")}}, certificate: {{folder.File("client.crt")}},
                  key: {{folder.File("client.key")}}, allowPrivate: true }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [staff, k8s, gce, legacy, azure, plugin]
                routes: [{ prefix: "", upstream: local }]
                access:
                  - { name: alice, who: ["user:staff/alice"], repositories: ["**"], actions: [pull, push] }
                  - { name: pods, who: ["authenticator:k8s"], when: { namespace: prod }, repositories: ["kinds/**"], actions: [pull] }
                  - { name: google, who: ["authenticator:gce"], when: { projectId: acme-prod }, repositories: ["kinds/**"], actions: [pull] }
                  - { name: aws, who: ["authenticator:legacy"], when: { region: eu-west-1 }, repositories: ["kinds/**"], actions: [pull] }
                  - { name: azure, who: ["authenticator:azure"], repositories: ["kinds/**"], actions: [pull] }
                  - { name: badges, who: ["group:plugin/builders"], when: { building: "7" }, repositories: ["kinds/**"], actions: [pull] }
            """;
    }
}
