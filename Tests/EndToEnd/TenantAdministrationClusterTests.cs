using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The administration of a tenant where gateways are processes of their own.</summary>
public sealed class TenantAdministrationClusterTests
{
    private static string Yaml(string upstream) => $$"""
        upstreams: { local: { url: "{{upstream}}", allowPrivate: true } }
        authenticators: { staff: { type: htpasswd, file: htpasswd, groups: { admins: [alice] } } }
        tenants:
          acme:
            hosts: ["127.0.0.1"]
            authenticators: [staff]
            administrators: ["group:staff/admins"]
            routes: [{ prefix: "", upstream: local }]
            access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [pull] }]
        """;

    [Fact]
    public async Task What_operators_change_on_a_silo_is_among_the_audit_lines()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await SplitDoor.Start(Yaml(upstream.Url), gateways: 1);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var order = new StringContent("""{"tenant":"acme","subject":"bob"}""");
        using var revoked = await http.PostAsync($"{door.AdminUrl}/admin/sessions/revoke", order);
        await revoked.ShouldBe(HttpStatusCode.OK);
        await Eventually.True(async () =>
        {
            using var answer = await http.GetAsync($"{door.AdminUrl}/admin/audit?tenant=acme&event=revoke");
            return answer.IsSuccessStatusCode && JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement is var audit
                && (audit.GetProperty("gateways").GetInt32(), audit.GetProperty("silos").GetInt32(), audit.GetProperty("silentSilos").GetInt32())
                    == (1, 1, 0)
                && audit.GetProperty("lines").EnumerateArray().Any(line => line.GetProperty("subject").GetString() == "bob");
        }, "the line of the silo is there");
    }

    [Fact]
    public async Task The_audit_lines_of_all_gateways_are_gathered_and_a_session_that_ends_ends_at_each()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await SplitDoor.Start(Yaml(upstream.Url), gateways: 2);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var tokens = new[] { await Token(0, "alice"), await Token(1, "alice") };
        await Token(1, "bob");
        await Eventually.True(async () =>
        {
            var (status, text) = await Ask(0, HttpMethod.Get, "audit");
            return status == HttpStatusCode.OK && text.Contains("\"subject\":\"bob\"") && text.Contains("\"action\":\"administer\"")
                && JsonDocument.Parse(text).RootElement is var audit
                && (audit.GetProperty("gateways").GetInt32(), audit.GetProperty("silent").GetInt32()) == (2, 0);
        }, "the lines of both gateways are there");
        Assert.Equal(HttpStatusCode.OK, (await Ask(1, HttpMethod.Get, "sessions")).Status);

        var ended = await Ask(1, HttpMethod.Post, "sessions/revoke", """{"subject":"alice"}""");
        Assert.True(ended.Status == HttpStatusCode.OK, ended.Text);
        foreach (var gateway in new[] { 0, 1 })
        {
            await Eventually.True(
                async () => (await Ask(gateway, HttpMethod.Get, "sessions")).Status == HttpStatusCode.Unauthorized,
                "her session has ended", TimeSpan.FromSeconds(5));
        }

        async Task<string> Token(int gateway, string user)
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, $"{door.Gateways[gateway]}/token?scope=tenant:acme:administer");
            request.Headers.Authorization = RegistryClient.Basic(user, FrontDoor.PasswordOf(user));
            using var response = await http.SendAsync(request);
            await response.ShouldBe(HttpStatusCode.OK);
            return (await RegistryClient.ReadToken(response)).Token!;
        }

        async Task<(HttpStatusCode Status, string Text)> Ask(int gateway, HttpMethod method, string path, string? body = null)
        {
            using var request = new HttpRequestMessage(method, $"{door.Gateways[gateway]}/admin/{path}");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens[gateway]);
            request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await http.SendAsync(request);
            return (response.StatusCode, await response.Content.ReadAsStringAsync());
        }
    }
}
