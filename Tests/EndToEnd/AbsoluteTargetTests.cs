using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Targets in absolute form are taken (RFC 9112 §3.2.2), and the host is the one that they name.</summary>
public sealed class AbsoluteTargetTests(Lab lab)
{
    [Theory]
    [InlineData("GET http://localhost:{port}/v2/", "localhost:{port}", "401")]
    [InlineData("GET http://LocalHost:{port}/v2/", "localhost:{port}", "401")]
    [InlineData("GET https://localhost/v2/", "localhost", "401")]
    [InlineData("GET http://localhost/v2/", "localhost:80", "401")]
    [InlineData("GET http://[::1]:5000/v2/", "[::1]:5000", "401")]
    [InlineData("GET http://localhost/v2/public/app/tags/list?n=5", "localhost", "401")]
    [InlineData("GET http://localhost/token?service=localhost", "localhost", "200")]
    [InlineData("GET http://localhost/livez", "localhost", "200")]
    [InlineData("GET http://localhost/readyz", "localhost", "200")]
    [InlineData("GET http://localhost/.well-known/jwks.json", "localhost", "200")]
    [InlineData("GET http://localhost", "localhost", "404")]
    [InlineData("GET http://localhost?x=/v2/", "localhost", "404")]
    [InlineData("GET http://localhost#/v2/", "localhost", "404")]
    [InlineData("OPTIONS *", "localhost", "404")]

    // The authority of the target is the host, whatever Host says; probes ignore both.
    [InlineData("GET http://localhost/v2/", "evil.example", "401")]
    [InlineData("GET http://evil.example/v2/", "localhost", "421")]
    [InlineData("GET http://evil.example/token", "localhost", "421")]
    [InlineData("GET http://evil.example/livez", "localhost", "200")]

    // What different readers read differently is nobody's host.
    [InlineData("GET http://localhost\\@evil.example/v2/", "localhost", "400")]
    [InlineData("GET http://alice@localhost/v2/", "localhost", "400")]
    [InlineData("GET http://%6cocalhost/v2/", "localhost", "400")]
    [InlineData("GET http://localhost:/v2/", "localhost", "400")]
    [InlineData("GET http://localhost:x/v2/", "localhost", "400")]
    [InlineData("GET http:///v2/", "localhost", "400")]
    [InlineData("GET http://localhost,evil.example/v2/", "localhost", "400")]
    public async Task The_target_names_the_host(string line, string host, string status)
    {
        var door = await lab.Door;
        var port = new Uri(door.DataUrl).Port.ToString();
        var answer = await RawHttp.Exchange(
            door.DataUrl, $"{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".Replace("{port}", port));
        Assert.StartsWith($"HTTP/1.1 {status}", answer);
    }

    [Fact]
    public async Task The_realm_is_that_of_the_target_and_the_admin_listener_asks_for_loopback()
    {
        var door = await lab.Door;
        Assert.Contains("realm=\"http://127.0.0.1:77/token\"", await Get(door.DataUrl, "http://127.0.0.1:77/v2/", "localhost"));
        Assert.StartsWith("HTTP/1.1 200", await Get(door.AdminUrl, "http://localhost/livez", "localhost"));
        Assert.StartsWith("HTTP/1.1 200", await Get(door.AdminUrl, "http://localhost/admin/upstreams", "localhost"));
        Assert.StartsWith("HTTP/1.1 403", await Get(door.AdminUrl, "http://evil.example/admin/upstreams", "localhost"));
    }

    private static Task<string> Get(string url, string target, string host) =>
        RawHttp.Exchange(url, $"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
}
