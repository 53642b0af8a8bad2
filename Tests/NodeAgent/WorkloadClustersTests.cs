using System.Net;
using System.Text;
using System.Text.Json;
using RegistryProxy.NodeAgent.CredentialProvider;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>Pods of several clusters that all call themselves by the same name, each believed by the keys of its own API server.</summary>
public sealed class WorkloadClustersTests(Lab lab)
{
    [Fact]
    public async Task A_pod_pulls_by_its_own_token_in_each_cluster_and_in_no_other()
    {
        await using var east = await ApiServerKeys.Start("east");
        await using var west = await ApiServerKeys.Start("west");
        await using var door = await FrontDoor.Start(Yaml((await lab.Registry).Url, east, west));
        using var alice = door.Client("alice");
        await alice.PushImage("apps/web", "v1", TestImage.Build(373, 1000));
        foreach (var (cluster, keys, other) in new[] { ("east", east, west), ("west", west, east) })
        {
            foreach (var pod in new[] { "web-1", "web-2", "web-3" })
            {
                Assert.Equal(HttpStatusCode.OK, await Pull(door, await Provide(door, cluster, keys.Token("web", pod))));
            }

            Assert.Equal(HttpStatusCode.Forbidden, await Pull(door, await Provide(door, cluster, keys.Token("batch", "batch-1"))));
            Assert.Equal(HttpStatusCode.Unauthorized, await Pull(door, await Provide(door, cluster, other.Token("web", "web-1"))));
            Assert.Equal(HttpStatusCode.Unauthorized,
                await Pull(door, await Provide(door, cluster, keys.Token("web", "web-1", "https://kubernetes.default.svc"))));
        }
    }

    [Fact]
    public async Task Under_one_authenticator_an_account_of_two_clusters_is_two_identities_for_rules_sessions_and_revocation()
    {
        await using var east = await ApiServerKeys.Start("east");
        await using var west = await ApiServerKeys.Start("west");
        await using var door = await FrontDoor.Start(Fleet((await lab.Registry).Url, east, west));
        using (var alice = door.Client("alice"))
        {
            await alice.PushImage("apps/web", "v1", TestImage.Build(374, 1000));
        }

        string Token(string cluster, ApiServerKeys keys) => keys.Token("web", "web-1", issuer: $"https://{cluster}.example");
        var eastern = await Provide(door, "fleet", Token("east", east));
        var western = await Provide(door, "fleet", Token("west", west));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden), (await Pull(door, eastern), await Pull(door, western)));
        Assert.Equal(HttpStatusCode.Unauthorized, await Pull(door, await Provide(door, "fleet", Token("east", west))));
        Assert.Equal(HttpStatusCode.Unauthorized, await Pull(door, await Provide(door, "fleet", Token("north", east))));
        var listed = await door.Admin("/admin/sessions?tenant=acme");
        Assert.Contains("\"east/system:serviceaccount:prod:web\"", listed);
        Assert.Contains("\"west/system:serviceaccount:prod:web\"", listed);
        using var http = new HttpClient();
        using var subject = new StringContent("""{"tenant":"acme","subject":"east/system:serviceaccount:prod:web"}""");
        using var revoked = await http.PostAsync($"{door.AdminUrl}/admin/sessions/revoke", subject);
        var left = await door.Admin("/admin/sessions?tenant=acme");
        Assert.DoesNotContain("\"east/system:serviceaccount:prod:web\"", left);
        Assert.Contains("\"west/system:serviceaccount:prod:web\"", left);
    }

    private static string Fleet(string registry, ApiServerKeys east, ApiServerKeys west) => $$"""
        upstreams:
          local: { url: "{{registry}}", allowPrivate: true }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
          fleet:
            type: kubernetes
            audience: registry
            allowPrivate: true
            clusters:
              east: { issuer: "https://east.example", jwks: "{{east.KeysUrl}}", ca: "{{east.CaFile}}" }
              west: { issuer: "https://west.example", jwks: "{{west.KeysUrl}}", ca: "{{west.CaFile}}" }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff, fleet]
            routes: [{ prefix: "", upstream: local }]
            access:
              - { name: alice, who: ["user:staff/alice"], repositories: ["**"], actions: [pull, push] }
              - { name: east, who: ["authenticator:fleet"], when: { cluster: east }, repositories: ["apps/**"], actions: [pull] }
              - { name: west, who: ["subject:fleet/west/*"], repositories: ["other/**"], actions: [pull] }
        """;

    private static async Task<(string User, string Password)> Provide(FrontDoor door, string cluster, string token)
    {
        var (settings, errors) = SettingsFile.Parse(
            $$"""frontDoors: [{ url: "{{door.DataUrl}}", workloads: { authenticator: {{cluster}}, audience: registry } }]""",
            "nodeagent.yaml");
        Assert.Empty(errors);
        using var input = new MemoryStream(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new
        {
            kind = "CredentialProviderRequest", apiVersion = "credentialprovider.kubelet.k8s.io/v1", image = $"{door.Authority}/apps/web",
            serviceAccountToken = token,
        })));
        using var output = new MemoryStream();
        Assert.Equal(0, await new Provider(settings!, TimeProvider.System).Run(input, output, TextWriter.Null, default));
        using var answer = JsonDocument.Parse(output.ToArray());
        var auth = Assert.Single(answer.RootElement.GetProperty("auth").EnumerateObject()).Value;
        return (auth.GetProperty("username").GetString()!, auth.GetProperty("password").GetString()!);
    }

    private static async Task<HttpStatusCode> Pull(FrontDoor door, (string User, string Password) credential)
    {
        using var client = new RegistryClient(door.DataUrl, credential.User, credential.Password);
        using var token = await client.RequestToken([RegistryClient.Pull("apps/web")]);
        if (!token.IsSuccessStatusCode)
        {
            return token.StatusCode;
        }

        using var response = await client.GetManifest("apps/web", "v1");
        return response.StatusCode;
    }

    private static string Yaml(string registry, ApiServerKeys east, ApiServerKeys west) => $$"""
        upstreams:
          local: { url: "{{registry}}", allowPrivate: true }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
          east: { type: kubernetes, issuer: "{{ApiServerKeys.Issuer}}", audience: registry, jwks: "{{east.KeysUrl}}", ca: "{{east.CaFile}}", allowPrivate: true }
          west: { type: kubernetes, issuer: "{{ApiServerKeys.Issuer}}", audience: registry, jwks: "{{west.KeysUrl}}", ca: "{{west.CaFile}}", allowPrivate: true }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff, east, west]
            routes: [{ prefix: "", upstream: local }]
            access:
              - { name: alice, who: ["user:staff/alice"], repositories: ["**"], actions: [pull, push] }
              - { name: web, who: ["authenticator:east", "authenticator:west"], when: { serviceAccount: web }, repositories: ["apps/**"], actions: [pull] }
        """;
}
