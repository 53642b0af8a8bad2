using System.Text.Json;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Every kind of refusal, asked for over HTTP, leaves a line of the audit log with its reason and with who was refused.</summary>
public sealed class AuditReasonTableTests
{
    private const string Repository = "a/b";

    [Fact]
    public async Task Each_kind_of_refusal_has_its_reason()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("audit.jsonl");
        await using var issuer = await TestIssuer.Start();
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/v2/" ? 200 : 403;
            return Task.CompletedTask;
        });
        await using var door = await FrontDoor.Start(Yaml(upstream.Url, issuer.Url, file));
        var missing = new List<string>();
        foreach (var (name, subject, reason) in await Refusals(door, issuer))
        {
            try
            {
                await Eventually.True(() => Read(file).Exists(line => Text(line, "event") == name && Text(line, "subject") == subject
                    && Text(line, "decision") == (name == "pull" ? "allow" : "deny")
                    && Text(line, "reason").StartsWith(reason, StringComparison.Ordinal)), reason);
            }
            catch (TimeoutException)
            {
                missing.Add($"{name} of '{subject}': {reason}");
            }
        }

        Assert.True(missing.Count == 0, $"{string.Join('\n', missing)}\nof\n{await File.ReadAllTextAsync(file)}");
        Assert.DoesNotContain(Read(file), line => Text(line, "decision") == "deny" && Text(line, "reason").Length == 0);
        Assert.All(Read(file).FindAll(line => Text(line, "event") == "denied" && line.TryGetProperty("action", out _)),
            line => Assert.NotEqual("", Text(line, "repository")));
    }

    private static async Task<IReadOnlyList<(string Event, string Subject, string Reason)>> Refusals(FrontDoor door, TestIssuer issuer)
    {
        List<(string, string, string)> wanted = [];
        foreach (var (claims, subject, reason) in Proofs(issuer))
        {
            using var job = new RegistryClient(door.DataUrl, "_ci", claims);
            (await job.RequestToken([RegistryClient.Pull(Repository)])).Dispose();
            wanted.Add(("login", subject, reason));
        }

        using var bob = door.Client("bob");
        var token = await bob.Token(RegistryClient.Pull(Repository));
        await Ask(() => bob.GetManifest(Repository, "v1"), "pull", "bob", "upstream refused: upstream 'local' rejected");
        await Ask(() => bob.Do(HttpMethod.Delete, $"/v2/{Repository}/manifests/sha256:{new string('0', 64)}", $"repository:{Repository}:delete"),
            "denied", "bob", $"rule needed: delete {Repository}");
        await Ask(() => bob.Send(HttpMethod.Get, "/v2/c/d/manifests/v1", token), "denied", "bob", "scope lacking: repository:c/d:pull");
        await Ask(() => bob.Send(HttpMethod.Get, "/v2/", token[..^4] + "AAAA"), "denied", "", "not a token of this cluster");
        using var other = new RegistryClient(door.DataUrl.Replace("127.0.0.1", "localhost"), "bob", FrontDoor.PasswordOf("bob"));
        await Ask(() => other.Send(HttpMethod.Get, "/v2/", token), "denied", "", "wrong audience: the token is one of another tenant");
        await Ask(() => Guess(bob, "bob", "127.0.0.1"), "login", "bob", "wrong password");
        await Ask(() => Guess(bob, "zed", "127.0.0.1"), "login", "zed", "unknown user name");
        await Ask(() => Guess(other, "ann", "localhost"), "login", "ann", "undecided: ");

        await Limit(door);
        wanted.Add(("denied", "carol", "limited: "));
        using var content = new StringContent("{\"tenant\":\"acme\",\"subject\":\"bob\"}");
        (await bob.Http.PostAsync($"{door.AdminUrl}/admin/sessions/revoke", content)).Dispose();
        await Eventually.True(async () =>
        {
            using var answer = await bob.Send(HttpMethod.Get, "/v2/", token);
            return (int)answer.StatusCode == 401;
        }, "the revocation arrives");
        wanted.Add(("denied", "bob", "revoked: the session of this token has ended"));
        return wanted;

        async Task Ask(Func<Task<HttpResponseMessage>> send, string name, string subject, string reason)
        {
            (await send()).Dispose();
            wanted.Add((name, subject, reason));
        }
    }

    private static Task<HttpResponseMessage> Guess(RegistryClient client, string user, string service) => client.PostToken(
        ("grant_type", "password"), ("username", user), ("password", "wrong"), ("service", service), ("scope", RegistryClient.Pull(Repository)));

    /// <summary>Signed tokens that do not count, and whose they are when that is proved.</summary>
    private static IEnumerable<(string Token, string Subject, string Reason)> Proofs(TestIssuer issuer)
    {
        yield return (Sign("old", -7200, null, -3600), "old", "expired: the token ended at ");
        yield return (Sign("early", 0, 3600, 7200), "early", "not valid yet: the token begins at ");
        yield return (Sign("ahead", 3600, 3600, 7200), "ahead", "clock skew: the token was issued at ");
        yield return (Sign("elsewhere", 0, null, 300, audience: "another"), "elsewhere", "wrong audience: ");
        yield return (Sign("unsaid", 0, null, 300, repository: null), "unsaid", "claim repo missing");
        yield return (Sign("strange", 0, null, 300, repository: "evil/app"), "strange", "claim repo is none of those that count");
        yield return (Sign("forged", 0, null, 300)[..^8] + "AAAAAAAA", "", "the signature of the token is not one of the issuer's");
        yield return ("no token", "", "this is not a signed token");

        string Sign(string subject, int issued, int? begins, int ends, string audience = "registry", string? repository = "acme/app")
        {
            var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            var claims = new Dictionary<string, object>
            {
                ["iss"] = issuer.Url, ["aud"] = audience, ["sub"] = subject, ["iat"] = now + issued, ["exp"] = now + ends,
            };
            if (begins is { } start)
            {
                claims["nbf"] = now + start;
            }

            if (repository is not null)
            {
                claims["repo"] = repository;
            }

            return issuer.Sign(claims);
        }
    }

    private static async Task Limit(FrontDoor door)
    {
        using var carol = door.Client("carol");
        var hers = await carol.Token(RegistryClient.Pull(Repository));
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => carol.Send(HttpMethod.Get, "/v2/", hers))))
        {
            answer.Dispose();
        }
    }

    private static string Yaml(string upstream, string issuer, string file) => $$"""
        audit: { file: {{file}} }
        upstreams: { local: { url: "{{upstream}}", allowPrivate: true } }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
          ci: { type: oidc, issuer: "{{issuer}}", audience: registry, require: { repo: acme/app }, allowPrivate: true }
          dead: { type: ldap, url: "ldap://127.0.0.1:{{FreePort.Next()}}", allowPlaintext: true, bindDn: "cn=a", bindPassword: { value: b }, baseDn: "dc=example" }
        tenants:
          acme:
            hosts: ["127.0.0.1"]
            authenticators: [staff, ci]
            limits: { perIdentity: { requestsPerSecond: 20 } }
            routes: [{ prefix: "", upstream: local }]
            access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [pull] }]
          other:
            hosts: [localhost]
            authenticators: [dead]
            routes: [{ prefix: "", upstream: local }]
            access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [pull] }]
        """;

    private static List<JsonElement> Read(string file) =>
        File.Exists(file) ? [.. File.ReadAllLines(file).Select(line => JsonDocument.Parse(line).RootElement)] : [];

    private static string Text(JsonElement line, string field) => line.TryGetProperty(field, out var value) ? value.GetString()! : "";
}
