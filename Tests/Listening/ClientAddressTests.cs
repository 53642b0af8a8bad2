using System.Net;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Tests.Listening;

/// <summary>
/// Who is calling, as the documentation has it: the rightmost address of X-Forwarded-For that is no trusted proxy, where a trusted proxy is
/// the peer, and nothing else.
/// </summary>
public sealed class ClientAddressTests
{
    private const string Proxy = "10.0.0.1";

    private static readonly ClientAddress Addresses =
        new([IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("2001:db8:aaaa::/48"), IPNetwork.Parse("fe80::/10")]);

    [Theory]
    [InlineData("203.0.113.7", "203.0.113.7")]
    [InlineData("203.0.113.7:443", "203.0.113.7")]
    [InlineData("203.0.113.7:65535", "203.0.113.7")]
    [InlineData("2001:db8::7", "2001:db8::7")]
    [InlineData("2001:DB8:0:0::7", "2001:db8::7")]
    [InlineData("[2001:db8::7]", "2001:db8::7")]
    [InlineData("[2001:db8::7]:443", "2001:db8::7")]
    [InlineData("fec0::7%eth0", "fec0::7")]
    [InlineData("2001:db8::7%25eth0", "2001:db8::7")]
    [InlineData("[2001:db8::7%3]:443", "2001:db8::7")]
    [InlineData("::ffff:203.0.113.7", "203.0.113.7")]
    [InlineData("[::ffff:203.0.113.7]:80", "203.0.113.7")]
    [InlineData("::ffff:cb00:7107", "203.0.113.7")]
    [InlineData("::ffff:10.1.2.3", "10.1.2.3")]
    [InlineData("::1", "::1")]
    [InlineData("  203.0.113.7\t", "203.0.113.7")]

    // From the right, past trusted proxies, to the first who is none.
    [InlineData("198.51.100.1, 203.0.113.7", "203.0.113.7")]
    [InlineData("198.51.100.1,203.0.113.7,10.2.3.4,10.9.9.9:80", "203.0.113.7")]
    [InlineData("198.51.100.1, 203.0.113.7, [2001:db8:aaaa::1]:8080", "203.0.113.7")]
    [InlineData("10.3.3.3, 10.2.2.2", "10.3.3.3")]

    // Empty elements are none; what is no address ends the list, for left of it anybody may have written.
    [InlineData("", Proxy)]
    [InlineData(" , ,", Proxy)]
    [InlineData("203.0.113.7, ,", "203.0.113.7")]
    [InlineData(",203.0.113.7", "203.0.113.7")]
    [InlineData("198.51.100.1, unknown", Proxy)]
    [InlineData("198.51.100.1, _hidden, 10.2.2.2", "10.2.2.2")]
    [InlineData("198.51.100.1, for=203.0.113.7", Proxy)]
    [InlineData("198.51.100.1, \"203.0.113.7\"", Proxy)]
    [InlineData("198.51.100.1 203.0.113.7", Proxy)]
    [InlineData("198.51.100.1;203.0.113.7", Proxy)]
    [InlineData("198.51.100.1, 3405803783", Proxy)]
    [InlineData("198.51.100.1, 0xcb007107", Proxy)]
    [InlineData("198.51.100.1, 203.0.28935", Proxy)]
    [InlineData("198.51.100.1, 203.0.0113.7", Proxy)]
    [InlineData("198.51.100.1, 203.0.113.256", Proxy)]
    [InlineData("198.51.100.1, 203.0.113.7:", Proxy)]
    [InlineData("198.51.100.1, 203.0.113.7:+80", Proxy)]
    [InlineData("198.51.100.1, 203.0.113.7:123456", Proxy)]
    [InlineData("198.51.100.1, 203.0.113.7:http", Proxy)]
    [InlineData("198.51.100.1, 203.0.113.7/32", Proxy)]
    [InlineData("198.51.100.1, [203.0.113.7]", Proxy)]
    [InlineData("198.51.100.1, [2001:db8::7", Proxy)]
    [InlineData("198.51.100.1, 2001:db8::7]", Proxy)]
    [InlineData("198.51.100.1, [2001:db8::7]443", Proxy)]
    [InlineData("198.51.100.1, [2001:db8::7]:", Proxy)]
    [InlineData("198.51.100.1, [[2001:db8::7]]", Proxy)]
    [InlineData("198.51.100.1, 2001:db8:::7", Proxy)]
    [InlineData("198.51.100.1, 2001:db8::7%", Proxy)]
    [InlineData("198.51.100.1, 2001:db8::7/64", Proxy)]
    [InlineData("198.51.100.1, ::g", Proxy)]
    [InlineData("198.51.100.1, :", Proxy)]
    [InlineData("198.51.100.1, ２０３.0.113.7", Proxy)]
    public void A_trusted_proxy_says_who_comes(string forwarded, string client) =>
        Assert.Equal(client, Of(Proxy, forwarded));

    [Theory]
    [InlineData("203.0.113.9", "203.0.113.9")]
    [InlineData("::ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("2001:db8::9", "2001:db8::9")]
    [InlineData("::ffff:10.0.0.1", "198.51.100.1")]
    [InlineData("2001:db8:aaaa::9", "198.51.100.1")]
    [InlineData("fe80::9%1", "198.51.100.1")]
    public void Nobody_else_does(string peer, string client) => Assert.Equal(client, Of(peer, "198.51.100.1"));

    [Fact]
    public void Header_lines_are_one_list()
    {
        Assert.Equal("203.0.113.7", Of(Proxy, "198.51.100.1", "203.0.113.7, 10.2.2.2", "", "10.3.3.3"));
        Assert.Equal(Proxy, Of(Proxy, "198.51.100.1", "203.0.113.7", "unknown"));
    }

    [Fact]
    public void Other_headers_count_for_nothing()
    {
        var context = Context(Proxy);
        context.Request.Headers["Forwarded"] = "for=198.51.100.1";
        context.Request.Headers["X-Real-IP"] = "198.51.100.2";
        context.Request.Headers["X-Forwarded-Host"] = "198.51.100.3";
        context.Request.Headers["X-Original-For"] = "198.51.100.4";
        Assert.Equal(Proxy, Addresses.Of(context)?.ToString());
    }

    [Fact]
    public void A_long_list_is_read_from_its_end()
    {
        var many = string.Join(',', Enumerable.Repeat("10.2.2.2", 3500));
        Assert.Equal("203.0.113.7", Of(Proxy, $"198.51.100.1,203.0.113.7,{many}"));
        Assert.Equal("203.0.113.7", Of(Proxy, $"{string.Concat(Enumerable.Repeat("x,", 16_000))}203.0.113.7"));
    }

    [Fact]
    public void Where_a_load_balancer_does_not_know_for_whom_it_connects_the_client_is_the_load_balancer()
    {
        var context = Context(Proxy, "198.51.100.1");
        context.Features.Set(new ListenerFeature(ListenerKind.Data, null!, null!) { IsForNobodyKnown = true });
        Assert.Equal(Proxy, Addresses.Of(context)?.ToString());
    }

    [Theory]
    [InlineData("127.0.0.1", false, false, true)]
    [InlineData("::1", false, false, true)]
    [InlineData("::ffff:10.0.0.1", false, false, true)]
    [InlineData("192.0.2.1", false, false, false)]
    [InlineData("192.0.2.1", true, false, true)]
    [InlineData("10.0.0.1", true, false, true)]
    [InlineData("192.0.2.1", false, true, true)]
    public void A_way_is_private_by_tls_on_loopback_and_behind_a_trusted_proxy(string peer, bool tls, bool fromProxy, bool isPrivate)
    {
        var context = Context(peer, "127.0.0.1");

        // What a client of HTTP/2 may say on any connection.
        context.Request.Scheme = "https";
        if (tls)
        {
            context.Features.Set<ITlsHandshakeFeature>(new Handshake());
        }

        if (fromProxy)
        {
            context.Features.Set(new ListenerFeature(ListenerKind.Data, null!, null!) { IsFromProxy = true });
        }

        Assert.Equal(isPrivate, new ClientAddress([IPNetwork.Parse("10.0.0.0/8")]).IsPrivate(context));
    }

#pragma warning disable SYSLIB0058 // The feature has them.
    private sealed class Handshake : ITlsHandshakeFeature
    {
        public SslProtocols Protocol => SslProtocols.Tls13;

        public CipherAlgorithmType CipherAlgorithm => CipherAlgorithmType.None;

        public int CipherStrength => 0;

        public HashAlgorithmType HashAlgorithm => HashAlgorithmType.None;

        public int HashStrength => 0;

        public ExchangeAlgorithmType KeyExchangeAlgorithm => ExchangeAlgorithmType.None;

        public int KeyExchangeStrength => 0;
    }
#pragma warning restore SYSLIB0058

    private static string? Of(string peer, params string[] forwarded) => Addresses.Of(Context(peer, forwarded))?.ToString();

    private static DefaultHttpContext Context(string peer, params string[] forwarded)
    {
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(peer) } };
        context.Request.Headers["X-Forwarded-For"] = new StringValues(forwarded);
        return context;
    }
}
