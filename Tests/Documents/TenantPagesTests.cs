using System.Text.Json;
using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Documents;

/// <summary>
/// The commands of the pages about tenants and their administrators, against front doors with the configurations of these pages.
/// </summary>
public sealed class TenantPagesTests
{
    private const string Tenants = "docs/guides/tenants.md";
    private const string Administrators = "docs/administrators.md";
    private const string Configuration = "docs/configuration.md";
    private const string Delete = "curl -X DELETE http://127.0.0.1:5001/admin/tenants/acme";

    [Fact]
    [Types(Tenants, "dotnet run")]
    public async Task What_somebody_may_do_is_explained_twice_the_same()
    {
        var page = TypedPage.Of(Tenants);
        (string, string)[] secrets = [("ACME_SSO_SECRET", "acme-canary"), ("GLOBEX_SSO_SECRET", "globex-canary")];
        var yaml = DocumentBlock.Of(Tenants, "upstreams:\n  gar").Text;
        await using var door = await FrontDoor.Start(yaml, secrets);
        using var typist = new Typist().Reads("http://127.0.0.1:5001", door.AdminUrl);
        Array.ForEach(secrets, secret => typist.Has(secret.Item1, secret.Item2));
        typist.Folder.Write("config.yaml", yaml);
        foreach (var line in page.Next().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var told = await typist.Type(line);
            told.ShouldSucceed();
            Assert.Contains("staff", told.Output);
            Assert.Matches("(?m)\"allowed\": ?true|^allowed:", told.Output);
        }

        page.ShouldBeOver();
    }

    [Fact]
    [Types(Tenants, "TOKEN=", "PART=", "curl -s -H", Delete)]
    [Types(Configuration, Delete)]
    public async Task A_tenant_runs_itself_until_it_is_removed()
    {
        var page = TypedPage.Of(Tenants);
        await using var upstream = await RecordingUpstream.Agreeable();
        using var typist = new Typist();
        (await typist.Type("openssl rand -base64 32 > state-k1")).ShouldSucceed();
        var yaml = Managed(upstream);
        await using var door = await FrontDoor.StartBeside(
            yaml, new Dictionary<string, string> { ["state-k1"] = await File.ReadAllTextAsync(typist.Folder.File("state-k1")) });
        Know(typist, door);

        (await typist.Type(page.Next())).ShouldSucceed();
        typist.Folder.Write("acme.yaml", DocumentBlock.Of(Tenants, "# acme.yaml").Text);
        var write = page.Next();
        var written = await typist.Type(write);
        written.ShouldSucceed();
        Assert.Matches("\"version\": ?1\\b", written.Output);
        await Pulls(door, "alice");

        typist.Folder.Write("acme.yaml", DocumentBlock.Of(Tenants, "# acme.yaml").Text.Replace("[pull, push]", "[push]"));
        Assert.Matches("\"version\": ?2\\b", (await typist.Type(write)).Output);
        Assert.Matches("\"version\": ?3\\b", (await typist.Type(page.Next())).Output);
        await Pulls(door, "alice");

        var configuration = TypedPage.Of(Configuration);
        Assert.Contains("?configured=true", (await typist.Type(configuration.Next())).Output);
        configuration.ShouldBeOver();
        door.WriteConfig(yaml.Replace("  acme:\n", "  other:\n"));
        var delete = page.Next();
        await Eventually.True(async () => (await typist.Type(delete)).Output.Contains("\"versions\": 3"), "its part is dropped");
        page.ShouldBeOver();
    }

    [Fact]
    [Types(Administrators, "curl -s -u", "curl -s -H")]
    public async Task An_administrator_changes_the_part_with_an_editor()
    {
        var page = TypedPage.Of(Administrators);
        await using var issuer = await TestIssuer.Start();
        var yaml = Here(DocumentBlock.Of(Administrators, "upstreams:").Text)
            .Replace("issuer: \"https://idp.example\"", $"issuer: \"{issuer.Url}\", allowPrivate: true")
            .Replace("    routes: [ { prefix: hub, upstream: hub } ]\n",
                "    mayUse: { upstreams: [hub], authenticators: [corp] }\n    managed: true\n");
        const string state = "state: { provider: file, file: { path: state/ }, encryptionKeys: [ { id: k1, key: { value: " +
            "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\" } } ] }\n";
        await using var door = await FrontDoor.Start(state + yaml, ("CORP_SECRET", "corp-canary"));
        using var typist = new Typist().Has("ID_TOKEN", issuer.Sign(new Dictionary<string, object>
        {
            ["iss"] = issuer.Url, ["aud"] = "docker.acme.example", ["sub"] = "alice@acme.example", ["hd"] = "acme.example",
            ["iat"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(), ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 300,
        }));
        Know(typist, door);
        var told = await typist.Type(page.Next());
        told.ShouldSucceed();
        typist.Has("TOKEN", JsonDocument.Parse(told.Output).RootElement.GetProperty("token").GetString()!);

        using (var operators = new PartAdmin(door.AdminUrl))
        {
            await operators.Write("authenticators: [corp]\nroutes: [ { prefix: hub, upstream: hub } ]\n");
        }

        var editor = typist.Folder.Write("editor", "#!/bin/sh\necho '# by the editor' >> \"$1\"\n");
        (await Shell.Run("chmod", ["755", editor])).ShouldSucceed();
        var written = await typist.Has("EDITOR", editor).Type(page.Next());
        written.ShouldSucceed();
        Assert.Matches("\"version\": ?2\\b", written.Output);
        page.ShouldBeOver();
    }

    /// <summary>The tenant that runs itself, with passwords in a file for the directory, and an upstream of the test's.</summary>
    private static string Managed(RecordingUpstream upstream) => string.Join('\n', Here(DocumentBlock.Of(Tenants, "state: {").Text)
        .Replace(
            "gar: { url: \"https://europe-docker.pkg.dev\", credentials: { type: google } }", $"gar: {{ url: \"{upstream.Url}\", allowPrivate: true }}")
        .Split('\n').Select(line => line.StartsWith("authenticators:", StringComparison.Ordinal)
            ? "authenticators: { corp: { type: htpasswd, file: htpasswd } }" : line));

    /// <summary>The tenant under the address of the test.</summary>
    private static string Here(string yaml) => Regex.Replace(
        yaml.Replace("hosts: [docker.acme.example]", "hosts: [\"127.0.0.1\"]"), @"\n *publicUrl: .*(?=\n)", "");

    /// <summary>The pages' addresses are those of a door, and alice knows her password.</summary>
    private static void Know(Typist typist, FrontDoor door) => typist
        .Reads("https://docker.acme.example", door.DataUrl).Reads("service=docker.acme.example", "service=127.0.0.1")
        .Reads("http://127.0.0.1:5001", door.AdminUrl).Has("ALICE", FrontDoor.PasswordOf("alice"))
        .Knows("""
            curl() {
              local word words=()
              for word; do [ "$word" != alice ] || word="alice:$ALICE"; words+=("$word"); done
              command curl "${words[@]}"
            }
            """);

    private static Task Pulls(FrontDoor door, string user) => Eventually.True(
        async () =>
        {
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{door.DataUrl}/v2/api/manifests/latest");
            request.Headers.Authorization = RegistryClient.Basic(user, FrontDoor.PasswordOf(user));
            using var pulled = await http.SendAsync(request);
            return pulled.IsSuccessStatusCode;
        },
        "what was written is in use");
}
