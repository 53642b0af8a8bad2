using System.Diagnostics;
using System.Net;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>Many nodes that prove the same subject, as the pods of one DaemonSet do: each has a session, and keeps it.</summary>
public sealed class FleetTests(Lab lab)
{
    private const int Nodes = 1000;
    private const int AtOnce = 100;

    [Fact]
    public async Task A_thousand_nodes_of_one_subject_pull_on_and_each_has_the_rights_of_its_own_proof()
    {
        await using var issuer = await TestIssuer.Start();
        using var folder = new TemporaryFolder();
        await using var door = await FrontDoor.Start(
            Yaml((await lab.Registry).Url, folder.Write("jwks.json", issuer.KeySet), folder.File("state")));
        using var alice = door.Client("alice");
        await alice.PushImage("fleet/app", "v1", TestImage.Build(350, 5000));
        await alice.PushImage("gpu/app", "v1", TestImage.Build(351, 5000));
        using var client = door.Client();

        var watch = Stopwatch.StartNew();
        var sessions = new TokenReply[Nodes];
        var slowest = TimeSpan.Zero;
        await Parallel.ForAsync(0, Nodes, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (node, _) =>
        {
            var began = Stopwatch.GetTimestamp();
            using var reply = await client.PostToken(
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", Proof(issuer, node)),
                ("subject_token_type", "urn:registryproxy:k8s"),
                ("client_id", TokenClient.NodeAgent), ("access_type", "offline"), ("service", "127.0.0.1"), ("scope", Scopes));
            await reply.ShouldBe(HttpStatusCode.OK);
            sessions[node] = await RegistryClient.ReadToken(reply);
            lock (sessions)
            {
                slowest = Stopwatch.GetElapsedTime(began) is var took && took > slowest ? took : slowest;
            }
        });
        TestContext.Current.SendDiagnosticMessage(
            $"{Nodes} logins of one subject, {AtOnce} at once: {watch.Elapsed.TotalSeconds:F1} s, " +
            $"slowest {slowest.TotalMilliseconds:F0} ms");

        // A tenth of them is asked for at once: in a queue of all of one subject the slowest would wait for the whole.
        Assert.True(slowest < TimeSpan.FromSeconds(3) || slowest < watch.Elapsed / 2, $"{slowest} of {watch.Elapsed}");

        // What each got with its first login still opens, and so does its session.
        await Parallel.ForAsync(0, Nodes, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (node, _) =>
        {
            await Pulls(client, "fleet/app", sessions[node].Token!, HttpStatusCode.OK);
            await Pulls(client, "gpu/app", sessions[node].Token!, HasGpu(node) ? HttpStatusCode.OK : HttpStatusCode.Forbidden);
            using var reply = await Resume(client, sessions[node]);
            await reply.ShouldBe(HttpStatusCode.OK);
            await Pulls(client, "fleet/app", (await RegistryClient.ReadToken(reply)).Token!, HttpStatusCode.OK);
        });

        using var admin = new HttpClient();
        using var revoked = await admin.PostAsync(
            $"{door.AdminUrl}/admin/sessions/revoke",
            new StringContent("""{"tenant":"acme","subject":"system:serviceaccount:prod:agent"}""", System.Text.Encoding.UTF8,
                "application/json"));
        await revoked.ShouldBe(HttpStatusCode.OK);
        foreach (var node in new[] { 0, Nodes / 2, Nodes - 1 })
        {
            await Eventually.True(async () => await Status(client, "fleet/app", sessions[node].Token!) == HttpStatusCode.Unauthorized,
                "the access token is over");
            using var reply = await Resume(client, sessions[node]);
            await reply.ShouldBe(HttpStatusCode.Unauthorized);
        }
    }

    private static string Scopes => $"{RegistryClient.Pull("fleet/app")} {RegistryClient.Pull("gpu/app")}";

    private static bool HasGpu(int node) => node % 2 == 0;

    private static string Proof(TestIssuer issuer, int node) => issuer.Sign(new Dictionary<string, object>
    {
        ["iss"] = "https://k8s.example", ["aud"] = "registry", ["sub"] = "system:serviceaccount:prod:agent",
        ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 3600,
        ["kubernetes.io"] = new
        {
            @namespace = "prod", serviceaccount = new { name = "agent", uid = "1" }, pod = new { name = $"agent-{node}", uid = $"{node}" },
            node = new { name = $"{(HasGpu(node) ? "gpu" : "cpu")}-{node}", uid = $"{node}" },
        },
    });

    private static Task<HttpResponseMessage> Resume(RegistryClient client, TokenReply session) => client.PostToken(
        ("grant_type", "refresh_token"), ("refresh_token", session.RefreshToken!), ("service", "127.0.0.1"), ("scope",
            RegistryClient.Pull("fleet/app")));

    private static async Task Pulls(RegistryClient client, string repository, string token, HttpStatusCode expected) =>
        Assert.Equal(expected, await Status(client, repository, token));

    private static async Task<HttpStatusCode> Status(RegistryClient client, string repository, string token)
    {
        using var response = await client.Send(
            HttpMethod.Get, $"/v2/{repository}/manifests/v1", token, null, ("Accept", TestImage.OciManifest));
        return response.StatusCode;
    }

    private static string Yaml(string registry, string keys, string state) => $$"""
        state: { provider: file, file: { path: "{{state}}" }, encryptionKeys: [{ id: k1, key: { value: "{{Convert.ToBase64String(new byte[32])}}" } }] }
        upstreams:
          local: { url: "{{registry}}", allowPrivate: true }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
          k8s: { type: kubernetes, issuer: "https://k8s.example", audience: registry, jwks: { file: "{{keys}}" } }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff, k8s]
            routes: [{ prefix: "", upstream: local }]
            access:
              - { name: alice, who: ["user:staff/alice"], repositories: ["**"], actions: [pull, push] }
              - { name: fleet, who: ["authenticator:k8s"], repositories: ["fleet/**"], actions: [pull] }
              - { name: gpu, who: ["authenticator:k8s"], when: { node: "gpu-*" }, repositories: ["gpu/**"], actions: [pull] }
        """;
}
