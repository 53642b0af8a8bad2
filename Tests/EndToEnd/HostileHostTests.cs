using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;
using static RegistryProxy.Tests.Malformed.Http2Line;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Hosts, schemes and headers that belong to none are refused, and what is refused counts.</summary>
public sealed class HostileHostTests
{
    private const int Many = 40;

    [Fact]
    public async Task A_request_that_is_none_is_refused_and_counts_for_the_tenant_by_either_version()
    {
        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single("http://127.0.0.1:9").Replace("routes:", "limits: { requestsPerSecond: 3 }\n    routes:"));
        foreach (var (host, status) in new[]
        {
            ("localhost:99999", "400"), ("[::1]:65536", "400"), ("[127.0.0.1]", "400"), ("xn--99999999", "421"),
            ("xn--.localhost:80", "421"),
        })
        {
            await IsRefused(door, host, status);
        }

        var answers = await Task.WhenAll(Enumerable.Range(0, Many).Select(_ => Query(door.DataUrl, "/token?service=x", "localhost:99999")));
        Assert.Contains(answers, answer => answer[9..12] == "429");
        foreach (var (name, value) in new[] { (":scheme", "ftp"), (":scheme", new string('a', 2000)), ("transfer-encoding", "gzip"),
            ("upgrade", "h2c"), ("x-content-length", "5") })
        {
            await IsCounted(door, name, value);
        }

        Assert.Equal(0, await door.Metric("http_server_request_duration_seconds_count", "http_response_status_code=\"500\""));
        Assert.DoesNotContain("fail: ", door.Log);
    }

    private static async Task IsRefused(FrontDoor door, string host, string status)
    {
        foreach (var target in new[] { "/v2/", "/token?service=x", "/login", "/token/nonce" })
        {
            Assert.Contains((await Query(door.DataUrl, target, host))[9..12], new[] { status, "429" });
        }

        Assert.Contains((await Query(door.AdminUrl, "/admin/upstreams", host))[9..12], new[] { "400", "403" });
    }

    /// <summary>Many on one connection, unless it ends.</summary>
    private static async Task IsCounted(FrontDoor door, string name, string value)
    {
        var (limited, answered) = (await Limited(), await Answered());
        await using var line = await Open(new Uri(door.DataUrl));
        var fields = Request().Where(field => field.Item1 != name).Append((name, value))
            .OrderByDescending(field => field.Item1[0] == ':').ToArray();
        for (var stream = 1; stream < 2 * Many
            && await line.Send(Frame(Headers, EndStream | EndHeaders, stream, Fields(fields))); stream += 2)
        {
        }

        await Eventually.True(async () => line.HasEnded || await Answered() >= answered + Many,
            $"all with {name} are answered, or the connection ends");
        Assert.True(line.HasEnded || await Limited() > limited, $"{name}: {value}");

        Task<double> Limited() => door.Metric("registryproxy_gateway_limited_total");

        Task<double> Answered() => door.Metric("http_server_request_duration_seconds_count", "http_response_status_code=\"4");
    }

    private static Task<string> Query(string url, string target, string host) =>
        RawHttp.Exchange(url, $"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
}
