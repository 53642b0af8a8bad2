using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;
using static RegistryProxy.Tests.Malformed.Http2Line;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Hosts, schemes and headers that belong to none are refused, and what is refused counts.</summary>
public sealed class HostileHostTests : IAsyncLifetime
{
    private const int Many = 40;

    private FrontDoor _door = null!;

    public async ValueTask InitializeAsync() => _door = await FrontDoor.Start(
        DoorConfiguration.Single("http://127.0.0.1:9").Replace("routes:", "limits: { requestsPerSecond: 3 }\n    routes:"));

    public ValueTask DisposeAsync() => _door.DisposeAsync();

    [Theory]
    [InlineData("localhost:99999", "400")]
    [InlineData("[::1]:65536", "400")]
    [InlineData("[127.0.0.1]", "400")]
    [InlineData("xn--99999999", "421")]
    [InlineData("xn--.localhost:80", "421")]
    public async Task A_host_that_no_address_can_be_made_of_is_refused_at_every_listener(string host, string status)
    {
        foreach (var target in new[] { "/v2/", "/token?service=x", "/login", "/token/nonce" })
        {
            Assert.Contains((await Ask(_door.DataUrl, target, host))[9..12], new[] { status, "429" });
        }

        Assert.Contains((await Ask(_door.AdminUrl, "/admin/upstreams", host))[9..12], new[] { "400", "403" });
        Assert.DoesNotContain("fail: ", _door.Log);
    }

    [Fact]
    public async Task Requests_that_are_refused_for_their_form_count_for_the_tenant()
    {
        var before = await Limited();
        var answers = await Task.WhenAll(Enumerable.Range(0, Many).Select(_ => Ask(_door.DataUrl, "/token?service=x", "localhost:99999")));
        Assert.Contains(answers, answer => answer[9..12] == "400");
        Assert.Contains(answers, answer => answer[9..12] == "429");
        Assert.True(await Limited() > before);
    }

    [Theory]
    [InlineData(":scheme", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("transfer-encoding", "gzip")]
    [InlineData("upgrade", "h2c")]
    [InlineData("x-content-length", "5")]
    public async Task So_do_those_of_one_connection_of_HTTP_2(string name, string value)
    {
        var (limited, answered) = (await Limited(), await Answered());
        await using var line = await Open(System.Net.IPEndPoint.Parse(new Uri(_door.DataUrl).Authority));
        var fields = Request("/v2/").Where(field => field.Item1 != name).Append((name, value)).OrderByDescending(field => field.Item1[0] == ':').ToArray();
        for (var stream = 1; stream < 2 * Many && await line.Send(Frame(Headers, EndStream | EndHeaders, stream, Fields(fields))); stream += 2)
        {
        }

        await Eventually.True(async () => line.HasEnded || await Answered() >= answered + Many, "all are answered, or the connection ends");
        Assert.True(line.HasEnded || await Limited() > limited);
        Assert.Equal(0, await _door.Metric("http_server_request_duration_seconds_count", "http_response_status_code=\"500\""));
        Assert.DoesNotContain("fail: ", _door.Log);
    }

    private Task<double> Limited() => _door.Metric("registryproxy_gateway_limited_total");

    private Task<double> Answered() => _door.Metric("http_server_request_duration_seconds_count", "http_response_status_code=\"4");

    private static Task<string> Ask(string url, string target, string host) =>
        RawHttp.Exchange(url, $"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
}
