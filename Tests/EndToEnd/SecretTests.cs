using System.Text;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Sixty-four secrets go through every right and wrong way; none comes out anywhere, in any spelling.</summary>
public sealed class SecretTests
{
    private const int Upstreams = 24;

    [Fact]
    public async Task No_secret_is_in_any_output()
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            // Refuses the one half, takes the other, and repeats what it was shown where a careless proxy would relay it.
            var shown = context.Request.Headers.Authorization.ToString();
            context.Response.StatusCode = shown.Length == 0 || shown.Length % 2 == 0 ? 401 : 500;
            context.Response.Headers.WWWAuthenticate = $"Basic realm=\"{shown.Replace("\"", "", StringComparison.Ordinal)}\"";
            return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"no: {shown}")).AsTask();
        });
        var secrets = Enumerable.Range(0, 64)
            .Select(index => $"s3cr+t/{index:00}?{new string((char)('a' + (index % 26)), 1 + (index % 3))}=&").ToList();
        using var files = new TemporaryFolder();
        var environment = secrets.Take(Upstreams).Select((secret, index) => ($"CANARY_{index}", secret)).ToArray();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url, secrets, files), environment);
        var seen = new StringBuilder();
        using var alice = door.Client("alice");
        for (var index = 0; index < Upstreams; index++)
        {
            using var manifest = await alice.GetManifest($"u{index}/app", "v1");
            using var blob = await alice.GetBlob($"u{index}/app", TestBlob.Random(1, 1).Digest);
            await See(seen, manifest, blob);
        }

        using var login = await alice.RequestToken([], "&offline_token=true");
        var reply = await RegistryClient.ReadToken(login);
        (await alice.Send(HttpMethod.Get, "/v2/", reply.Token)).Dispose();
        foreach (var secret in secrets.Skip(Upstreams))
        {
            using var asPassword = new RegistryClient(door.DataUrl, "alice", secret);
            using var asAssertion = new RegistryClient(door.DataUrl, "_ci", secret);
            using var asRefresh = new RegistryClient(door.DataUrl, "_session", secret);
            using var one = await asPassword.RequestToken([]);
            using var other = await asAssertion.RequestToken([]);
            using var third = await asRefresh.RequestToken([]);
            using var fourth = await alice.Send(HttpMethod.Get, "/v2/", Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)));
            await See(seen, one, other, third, fourth);
        }

        seen.Append(await door.Admin("/admin/upstreams")).Append(await door.Admin("/admin/sessions?tenant=acme"))
            .Append(await door.Admin("/metrics"));
        seen.Append(ProcessRecords.Of(door.Pid, hidden: environment.Select(variable => variable.Item1)));
        await door.Terminate();
        seen.Append(door.Log).Append(await File.ReadAllTextAsync(files.File("audit.jsonl")));
        var everything = seen.ToString();
        Assert.Contains("\"event\":\"login\"", everything);
        Assert.Contains("rejected the configured credentials", everything);
        Assert.Contains("RegistryProxy.Standalone.dll --listen-data", everything);
        foreach (var secret in secrets.Append(FrontDoor.PasswordOf("alice")).Append(reply.Token!).Append(reply.RefreshToken!))
        {
            foreach (var spelling in SecretSpellings.Of(secret))
            {
                Assert.DoesNotContain(spelling, everything);
            }
        }
    }

    private static async Task See(StringBuilder seen, params HttpResponseMessage[] responses)
    {
        foreach (var response in responses)
        {
            seen.Append(response.Headers).Append(await response.Content.ReadAsStringAsync());
        }
    }

    private static string Yaml(string upstream, List<string> secrets, TemporaryFolder files)
    {
        var names = Enumerable.Range(0, Upstreams).ToList();
        return $$"""
            audit: { file: {{files.File("audit.jsonl")}} }
            upstreams:
            {{string.Join('\n', names.Select(index => $"  u{index}: {{ url: \"{upstream}\", allowPrivate: true, credentials: {{ type: " +
                $"basic, username: me, password: {Source(index, secrets[index], files)} }} }}"))}}
            authenticators:
              staff: { type: htpasswd, file: htpasswd }
              ci: { type: oidc, issuer: "{{upstream}}", audience: x, require: { a: b }, allowPrivate: true }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [staff, ci]
                routes:
            {{string.Join('\n', names.Select(index => $"      - {{ prefix: u{index}, upstream: u{index} }}"))}}
                access: [{ name: all, who: ["user:alice"], repositories: ["**"], actions: [pull] }]
            """;
    }

    private static string Source(int index, string secret, TemporaryFolder files) => (index % 3) switch
    {
        0 => $"{{ env: CANARY_{index} }}",
        1 => $"{{ value: \"{secret}\" }}",
        _ => $"{{ file: {files.Write($"secret-{index}", secret)} }}",
    };
}
