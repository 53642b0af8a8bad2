using Microsoft.AspNetCore.Http;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Tests.Listening;

/// <summary>Whatever is taken for a host, addresses can be made of; and nothing that is asked about one throws.</summary>
public sealed class RequestHostTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("localhost", "localhost")]
    [InlineData("LOCALHOST:65535", "LOCALHOST")]
    [InlineData("a_b.example:0", "a_b.example")]
    [InlineData("xn--bcher-kva.example:5000", "xn--bcher-kva.example")]
    [InlineData("xn--.example", "xn--.example")]
    [InlineData("xn--99999999", "xn--99999999")]
    [InlineData("127.0.0.1:80", "127.0.0.1")]
    [InlineData("[::1]", "[::1]")]
    [InlineData("[::ffff:127.0.0.1]:5000", "[::ffff:127.0.0.1]")]
    public void A_host_is_a_name_or_an_address_with_a_port(string host, string name)
    {
        var request = Request(host);
        Assert.Null(RequestHost.Fault(request));
        Assert.Equal((host, name), (RequestHost.Of(request), RequestHost.NameOf(request)));
        Assert.True(host.Length == 0 || Uri.TryCreate($"http://{host}/token", UriKind.Absolute, out _));
    }

    [Theory]
    [InlineData("localhost:65536")]
    [InlineData("localhost:99999")]
    [InlineData("[::1]:65536")]
    [InlineData("localhost:18446744073709551616")]
    [InlineData("localhost:")]
    [InlineData("localhost:+1")]
    [InlineData("localhost: 1")]
    [InlineData("localhost:1:2")]
    [InlineData(":80")]
    [InlineData("::1")]
    [InlineData("[::1")]
    [InlineData("::1]")]
    [InlineData("[]")]
    [InlineData("[127.0.0.1]")]
    [InlineData("[:::]")]
    [InlineData("[::1%25lo]")]
    [InlineData("[::1/64]")]
    [InlineData("[::1]x")]
    [InlineData("%6cocalhost")]
    [InlineData("localhost,evil")]
    [InlineData("b\u00fccher.example")]
    [InlineData("alice@localhost")]
    public void Anything_else_is_none(string host)
    {
        var request = Request(host);
        Assert.Equal("the Host header is no host with a port", RequestHost.Fault(request));
        Assert.StartsWith(RequestHost.NameOf(request), host);
    }

    [Fact]
    public void A_long_one_is_refused()
    {
        Assert.Null(RequestHost.Fault(Request(new string('a', RequestHost.MaxLength))));
        Assert.NotNull(RequestHost.Fault(Request(new string('a', RequestHost.MaxLength + 1))));
    }

    [Theory]
    [InlineData("Transfer-Encoding", "chunked")]
    [InlineData("Transfer-Encoding", "gzip")]
    [InlineData("Upgrade", "websocket")]
    [InlineData("Keep-Alive", "timeout=5")]
    [InlineData("Proxy-Connection", "keep-alive")]
    public void Headers_of_a_connection_are_none_of_HTTP_2(string name, string value)
    {
        var request = Request("localhost");
        request.Headers[name] = value;
        request.Protocol = "HTTP/2";
        Assert.Equal($"{name} is no header of HTTP/2", RequestFraming.Fault(request));
    }

    private static HttpRequest Request(string host)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.Host = host;
        return request;
    }
}
