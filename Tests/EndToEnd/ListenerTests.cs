using System.Net;
using System.Net.Http.Headers;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>TLS on the data listener, and an admin listener that others can reach.</summary>
public sealed class ListenerTests
{
    [Fact]
    public async Task The_certificate_is_replaced_without_a_restart_and_a_broken_one_is_not_used()
    {
        using var folder = new TemporaryFolder();
        var secret = new MountedSecret(folder, "tls");
        await secret.Swap(Files("first"));
        await FrontDoor.WriteUsers(folder);
        var config = folder.Write("config.yaml",
            DoorConfiguration.Single("http://127.0.0.1:9",
                extra: "listen: { data: \"https://127.0.0.1:0\", tls: { certificate: tls/tls.crt, key: tls/tls.key } }"));
        await using var door = ChildProcess.Start(
            "dotnet", [FrontDoor.Dll, "--config", config, "--listen-data", "https://127.0.0.1:0", "--listen-admin", "http://127.0.0.1:0"]);
        var url = await door.Line(line => line.StartsWith("data listening on ", StringComparison.Ordinal) ? line[18..].Trim() : null);
        Assert.StartsWith("https://", url);
        Assert.Equal("CN=first", await Presented(url));
        await secret.Swap(("tls.crt", "broken"), ("tls.key", "broken"));
        await Eventually.True(() => door.Output.Contains("listen.tls: the changed files are not used"),
            "the log says that the broken pair is not used");
        Assert.Equal("CN=first", await Presented(url));
        (await Shell.Run("dotnet", [FrontDoor.Dll, "check", "--config", config])).ShouldFail("listen.tls.certificate: ");
        await secret.Swap(Files("second"));
        await Eventually.True(async () => await Presented(url) == "CN=second", "the new certificate is presented");
        await Eventually.True(() => door.Output.Contains("listen.tls: a new certificate is in use"),
            "the log says that the new pair is used");

        using var operators = new HttpClient();
        var metrics = await operators.GetStringAsync(
            $"{await door.Line(line => line.StartsWith("admin listening on ", StringComparison.Ordinal) ? line[19..].Trim() : null)}/metrics");
        Assert.Matches("registryproxy_certificate_expires_seconds\\{[^}]*section=\"listen.tls\"[^}]*\\} [0-9.E+]+", metrics);
        Assert.Matches("registryproxy_certificate_starts_seconds\\{[^}]*section=\"listen.tls\"[^}]*\\} [0-9.E+]+", metrics);

        using var handler = Trusting(_ => { });
        using var http = new HttpClient(handler)
        {
            DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact
        };
        using var response = await http.GetAsync($"{url}/v2/");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains($"realm=\"{url}/token\"", response.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task An_admin_listener_beyond_loopback_wants_its_token_and_does_not_start_without_one()
    {
        using var folder = new TemporaryFolder();
        await FrontDoor.WriteUsers(folder);
        var bare = folder.Write(
            "bare.yaml", DoorConfiguration.Single("http://127.0.0.1:9", extra: "listen: { admin: \"http://0.0.0.0:0\" }"));
        var refused = await Shell.Run("dotnet", [FrontDoor.Dll, "check", "--config", bare]);
        refused.ShouldFail("admin.token");

        folder.Write("admin-token", "canary-admin\n");
        var config = folder.Write("config.yaml",
            DoorConfiguration.Single(
                "http://127.0.0.1:9", extra: "listen: { admin: \"http://0.0.0.0:0\" }\nadmin: { token: { file: admin-token } }"));
        await using var door = ChildProcess.Start("dotnet", [FrontDoor.Dll, "--config", config, "--listen-data", "http://127.0.0.1:0"]);
        var port = await door.Line(
            line => line.StartsWith("admin listening on ", StringComparison.Ordinal) ? new Uri(line[19..].Trim()).Port.ToString() : null);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await Eventually.True(async () => (await http.GetAsync("/readyz")).IsSuccessStatusCode, "it is ready");
        foreach (var path in new[] { "/metrics", "/admin/upstreams", "/admin/sessions?tenant=acme", "/dashboard",
            "/dashboard/", "/nothing" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(path)).StatusCode);
        }

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "canary-admi");
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/admin/upstreams")).StatusCode);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "canary-admin");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/admin/upstreams")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/metrics")).StatusCode);
        Assert.DoesNotContain("canary-admin", door.Output);
    }

    [Fact]
    public async Task A_gateway_tells_its_metrics_beyond_loopback_to_who_has_the_token_alone_and_answers_probes_to_everybody()
    {
        using var folder = new TemporaryFolder();
        folder.Write("admin-token", "canary-admin\n");
        var config = folder.Write("config.yaml",
            $"listen: {{ admin: \"http://[::]:0\" }}\nadmin: {{ token: {{ file: admin-token }} }}\ncluster: {{ " +
            $"gatewayPort: {FreePort.Next()} }}\n");
        await using var gateway = ChildProcess.Start(
            "dotnet", [FrontDoor.DllOf("Gateway"), "--config", config, "--listen-data", "http://127.0.0.1:0"]);
        var port = await gateway.Line(
            line => line.StartsWith("admin listening on ", StringComparison.Ordinal) ? new Uri(line[19..].Trim()).Port.ToString() : null);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/livez")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/readyz")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/nothing")).StatusCode);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "canary-admin");
        Assert.Contains("# TYPE", await http.GetStringAsync("/metrics"));
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/nothing")).StatusCode);
    }

    private static (string File, string Text)[] Files(string name)
    {
        using var made = TestCertificates.ForLocalhost(name);
        var (certificate, key) = made.Pem();
        return [("tls.key", key), ("tls.crt", certificate)];
    }

    private static async Task<string> Presented(string url)
    {
        var subject = "";
        using var handler = Trusting(name => subject = name);
        using var http = new HttpClient(handler);
        using var response = await http.GetAsync($"{url}/livez");
        return subject;
    }

    private static SocketsHttpHandler Trusting(Action<string> see) => new()
    {
        SslOptions =
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                see(certificate?.Subject ?? "");
                return certificate is not null;
            },
        },
    };
}
