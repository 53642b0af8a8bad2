using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>People of a directory, workloads and machines, through the whole front door with real clients.</summary>
public sealed class MachineLoginTests(Lab lab)
{
    [Fact]
    public async Task Every_kind_of_identity_logs_in_and_pulls_what_its_rule_grants()
    {
        var (registry, directory) = (await lab.Registry, await lab.Directory);
        await using var issuer = await TestIssuer.Start();
        await using var sts = await StsServer.Start();
        await using var door = await LeasedDoors.Take(Yaml(registry, directory, issuer, sts));
        using var alice = door.Client("alice");
        await alice.PushImage("kinds/app", "v1", TestImage.Build(160, 10_000));

        var token = issuer.Sign(new Dictionary<string, object>
        {
            ["iss"] = issuer.Url, ["aud"] = "registry", ["sub"] = "job-1", ["repo"] = "acme/app",
            ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 300,
        });
        var presigned = Base64UrlEncoder.Encode(
            AwsSignature.Presign(StsServer.Host, StsServer.AccessKey, StsServer.SecretKey, DateTimeOffset.UtcNow, "127.0.0.1"));
        foreach (var (user, password) in new[] { ("erin", Slapd.PasswordOf("erin")), ("_ci", token), ("_nodes", presigned) })
        {
            var docker = (await lab.Docker).NewClient();
            (await docker.Login(door.Authority, user, password)).ShouldSucceed();
            (await docker.Pull($"{door.Authority}/kinds/app:v1")).ShouldSucceed();
            using var folder = new TemporaryFolder();
            (await Skopeo.Pull($"{door.Authority}/kinds/app:v1", folder.File("image"), $"{user}:{password}")).ShouldSucceed();
            (await (await lab.Containerd).Pull($"{door.Authority}/kinds/app:v1", $"{user}:{password}")).ShouldSucceed();
            (await docker.Run("tag", $"{door.Authority}/kinds/app:v1", $"{door.Authority}/kinds/mine:v1")).ShouldSucceed();
            (await docker.Run("push", $"{door.Authority}/kinds/mine:v1")).ShouldFail("may not push");
        }

        (await (await lab.Docker).NewClient().Login(door.Authority, "frank", Slapd.PasswordOf("frank"))).ShouldSucceed();
        using var exchanged = await alice.PostToken(
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", token), ("subject_token_type",
                "urn:registryproxy:ci"),
            ("service", "127.0.0.1"), ("scope", "repository:kinds/app:pull"));
        await exchanged.ShouldBe(HttpStatusCode.OK);
        foreach (var secret in new[] { token, presigned, Slapd.PasswordOf("erin"), Slapd.AdminPassword, StsServer.SecretKey })
        {
            Assert.DoesNotContain(secret, door.Log);
            Assert.DoesNotContain(secret, await door.Admin($"/admin/sessions?tenant={door.Tenant}"));
        }
    }

    [Theory]
    [InlineData("erin", "wrong", "wrong user name or password")]
    [InlineData("alice", "wrong", "wrong user name or password")]
    [InlineData("nobody", "wrong", "wrong user name or password")]
    [InlineData("_ci", "not a token", "not a signed token")]
    [InlineData("_nodes", "!", "base64url")]
    [InlineData("_nobody", "x", "no token authenticator 'nobody'")]
    public async Task Whoever_proves_nothing_is_told_why(string user, string password, string saying)
    {
        await using var issuer = await TestIssuer.Start();
        await using var sts = await StsServer.Start();
        await using var door = await LeasedDoors.Take(Yaml(await lab.Registry, await lab.Directory, issuer, sts));
        using var client = new RegistryClient(door.DataUrl, user, password);
        using var response = await client.RequestToken([]);
        Assert.Contains(saying, await response.ShouldFail(HttpStatusCode.Unauthorized, "UNAUTHORIZED"));
    }

    [Fact]
    public async Task Nonces_and_resets_are_there_for_machines_and_operators()
    {
        await using var issuer = await TestIssuer.Start();
        await using var sts = await StsServer.Start();
        await using var door = await LeasedDoors.Take(Yaml(await lab.Registry, await lab.Directory, issuer, sts));
        using var http = new HttpClient();
        using var nonce = JsonDocument.Parse(await http.GetStringAsync($"{door.DataUrl}/token/nonce?authenticator=nodes"));
        Assert.InRange(nonce.RootElement.GetProperty("nonce").GetString()!.Length, 16, 32);
        Assert.Equal(60, nonce.RootElement.GetProperty("expires_in").GetInt32());
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync($"{door.DataUrl}/token/nonce?authenticator=staff")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await http.GetAsync($"{door.DataUrl}/token/nonce")).StatusCode);
        foreach (var (body, status) in new[] { ("{\"authenticator\":\"nodes\",\"instance\":\"i-1\"}", 200),
            ("{\"authenticator\":\"nope\",\"instance\":\"i-1\"}", 404), ("{}", 400), ("x", 400) })
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            Assert.Equal(status, (int)(await http.PostAsync($"{door.AdminUrl}/admin/attestations/reset", content)).StatusCode);
        }
    }

    private static string Yaml(DockerRegistry registry, Slapd directory, TestIssuer issuer, StsServer sts) => $$"""
        upstreams:
          local: { url: "{{registry.Url}}", allowPrivate: true }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
          corp:
            { type: ldap, url: "ldaps://127.0.0.1:{{directory.TlsPort}}", ca: {{directory.Ca}}, bindDn: "{{Slapd.Admin}}", bindPassword: { value: {{Slapd.AdminPassword}} },
              baseDn: "ou=people,dc=example", groupBaseDn: "ou=groups,dc=example" }
          ci: { type: oidc, issuer: "{{issuer.Url}}", audience: registry, require: { repo: acme/* }, allowPrivate: true }
          nodes: { type: aws-sts, accounts: ["123456789012"], serverId: 127.0.0.1, endpoint: "{{sts.Url}}", allowPrivate: true }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff, corp, ci, nodes]
            routes: [{ prefix: "", upstream: local }]
            access:
              - { name: alice, who: ["user:staff/alice"], repositories: ["**"], actions: [pull, push] }
              - { name: ops, who: ["group:corp/ops"], repositories: ["kinds/**"], actions: [pull] }
              - { name: jobs, who: ["authenticator:ci"], when: { repo: acme/app }, repositories: ["kinds/**"], actions: [pull] }
              - { name: nodes, who: ["subject:nodes/arn:aws:sts::123456789012:assumed-role/node/*"], when: { instanceId: "i-*" }, repositories: ["kinds/**"], actions: [pull] }
        """;
}
