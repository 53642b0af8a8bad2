using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Egress;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Egress;

/// <summary>
/// Connections through a proxy: what is reached by name, what by address, what not at all, and who is at fault when it fails.
/// </summary>
public sealed class ProxyTests
{
    private const string Password = "canary-proxy-password";

    [Fact]
    public async Task What_the_operator_named_is_reached_by_name_with_the_tls_of_the_target()
    {
        using var authority = TestCertificates.Authority("company");
        await using var registry = await PrivateRegistry.Start(
            authority.Issue("registry", "registry.corp", "eu.storage.corp"), _ => Task.CompletedTask);
        await using var proxy = new ConnectProxy { Credentials = $"fetcher:{Password}" };
        proxy.Targets["registry.corp:8443"] = registry.Port;
        proxy.Targets["eu.storage.corp:443"] = registry.Port;
        var settings = Through(proxy) with { Tls = new TlsMaterial(authority.ExportCertificatePem(), null, null) };
        Assert.Null(await Fault(settings, "https://registry.corp:8443"));
        Assert.Null(await Fault(settings, "https://eu.storage.corp"));
        Assert.Equal(["registry.corp:8443", "eu.storage.corp:443"], proxy.Asked);
    }

    [Fact]
    public async Task What_a_server_names_is_resolved_and_vetted_here_or_refused()
    {
        await using var proxy = new ConnectProxy();
        var settings = Through(proxy);
        foreach (var url in new[] { "http://10.1.2.3", "http://169.254.169.254", "http://[fd00::1]", "http://100.100.100.200" })
        {
            Assert.Contains(await Fault(settings, url), cause => cause is ForbiddenAddressException);
        }

        Assert.Equal("name", ExchangeFault.Of((await Fault(settings, "http://unknown.corp.invalid"))[0]).Kind);
        Assert.Equal("name", ExchangeFault.Of((await Fault(settings, "https://registry.corp.invalid:444"))[0]).Kind);
        Assert.Empty(proxy.Asked);

        await using var server = await RecordingUpstream.Agreeable();
        var port = new Uri(server.Url).Port;
        proxy.Targets[$"93.184.215.14:{port}"] = port;
        Assert.Null(await Fault(settings, $"http://93.184.215.14:{port}"));
        Assert.Equal([$"93.184.215.14:{port}"], proxy.Asked);
    }

    [Fact]
    public async Task This_machine_and_what_needs_no_proxy_are_reached_without_one()
    {
        await using var proxy = new ConnectProxy();
        await using var server = await RecordingUpstream.Agreeable();
        var settings = Through(proxy) with { AllowPrivate = true };
        Assert.Null(await Fault(settings, server.Url));
        Assert.Null(await Fault(
            settings with { Targets = new ConfiguredTargets([new Uri($"http://localhost:{new Uri(server.Url).Port}")]) },
            server.Url.Replace("127.0.0.1", "localhost")));
        var except = settings with { Proxy = settings.Proxy! with { Except = NoProxyList.Of(["*.corp"]) } };
        Assert.Equal("name", ExchangeFault.Of((await Fault(except, "http://registry.corp:8443"))[0]).Kind);
        Assert.Empty(proxy.Asked);
        Assert.Contains(await Fault(settings with { AllowPrivate = false }, server.Url), cause => cause is ForbiddenAddressException);
    }

    [Theory]
    [InlineData("HTTP/1.1 407 No\r\n\r\n",
        "refuses the user name or the password (407): set upstreams.up.proxy.username and upstreams.up.proxy.password", true)]
    [InlineData("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", "does not let us out to registry.corp:8443 (403)", true)]
    [InlineData("HTTP/1.0 503 No\r\n\r\n", "cannot reach registry.corp:8443 (503)", false)]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://portal.corp\r\n\r\n", "answers CONNECT registry.corp:8443 with 302", false)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nand more", "sends bytes after its reply", false)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Wait\r\nVia: x\r\n\r\nHTTP/1.1 403 No\r\n\r\n", "does not let us out", true)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n", "closes the connection without an answer", false)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nSSH-2.0-OpenSSH\r\n", "not HTTP", false)]
    [InlineData("HTTP/1.1 200", "closes the connection without an answer", false)]
    [InlineData("HTTP/1.1 2x0 OK\r\n\r\n", "not HTTP", false)]
    [InlineData("SSH-2.0-OpenSSH\r\n", "not HTTP", false)]
    public async Task A_proxy_that_makes_no_tunnel_is_named_with_what_mends_it(string reply, string expected, bool isLasting)
    {
        await using var proxy = new ConnectProxy(reply);
        var faults = await Fault(Through(proxy), "http://registry.corp:8443");
        var failure = UpstreamFaults.From("up", faults[0]);
        Assert.Equal("proxy", ExchangeFault.Of(faults[0]).Kind);
        Assert.Equal(isLasting, failure.IsLasting);
        Assert.Contains(expected, failure.Detail);
        Assert.Contains($"127.0.0.1:{proxy.Port}", failure.Detail);
        Assert.DoesNotContain("127.0.0.1", failure.Message);
        Assert.DoesNotContain(Password, string.Concat(faults.Select(fault => fault.ToString())));
    }

    [Fact]
    public async Task A_reply_without_end_and_a_tunnel_to_nonsense()
    {
        await using var endless =
            new ConnectProxy($"HTTP/1.1 200 OK\r\n{string.Concat(Enumerable.Repeat("X-Padding: 0123456789\r\n", 10_000))}");
        Assert.Contains("header of more than 16 KiB",
            ExchangeFault.Of((await Fault(Through(endless), "http://registry.corp:8443"))[0]).Reason);
        await using var garbage = new ConnectProxy();
        await using var nonsense = new RawUpstream((_, _) => "no HTTP at all\r\n\r\n");
        garbage.Targets["registry.corp:8443"] = new Uri(nonsense.Url).Port;
        var fault = ExchangeFault.Of((await Fault(Through(garbage), "http://registry.corp:8443"))[0]);
        Assert.Equal(("proxy", $"through the proxy 127.0.0.1:{garbage.Port} (upstreams.up.proxy): what it sends is not HTTP"),
            (fault.Kind, fault.Reason));
    }

    [Fact]
    public async Task A_proxy_that_says_nothing_or_is_not_there()
    {
        var time = new FakeTimeProvider();
        await using var silent = new ConnectProxy("");
        var opening = new ProxyTunnel(time).Open(Through(silent).Proxy!, "registry.corp", 443, TestContext.Current.CancellationToken);
        await Eventually.True(() => Task.FromResult(!silent.Asked.IsEmpty), "the proxy was asked");
        time.Advance(ProxyTunnel.Limit);
        Assert.Contains("does not answer CONNECT within 4 s", (await Assert.ThrowsAsync<ProxyException>(() => opening)).Message);
        var port = FreePort.Next();
        var nobody = new ProxySettings(new Uri($"http://127.0.0.1:{port}"), "egress.proxy");
        var fault = await Assert.ThrowsAsync<ProxyException>(
            () => ProxyTunnel.System.Open(nobody, "registry.corp", 443, TestContext.Current.CancellationToken));
        Assert.Equal($"the proxy 127.0.0.1:{port} (egress.proxy) cannot be used: connection refused", fault.Message);
    }

    private static EgressSettings Through(ConnectProxy proxy) => new(AllowPrivate: false)
    {
        Proxy = new ProxySettings(new Uri(proxy.Url), "upstreams.up.proxy") { Username = "fetcher", Password = new Secret(Password) },
        Targets = new ConfiguredTargets([new Uri("https://registry.corp:8443")], ["*.storage.corp", "*"]),
    };

    /// <summary>What went wrong, the outermost first; <c>null</c> when nothing did.</summary>
    private static async Task<List<Exception>> Fault(EgressSettings settings, string url)
    {
        using var http = new HttpMessageInvoker(new HostLookup(settings, UpstreamTransport.Create(settings)));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{url}/v2/");
        try
        {
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            return null!;
        }
        catch (HttpRequestException fault)
        {
            return [.. fault.Causes()];
        }
    }
}
