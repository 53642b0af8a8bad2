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

    private static string? Of(string peer, params string[] forwarded) => Addresses.Of(Context(peer, forwarded))?.ToString();

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

    private static DefaultHttpContext Context(string peer, params string[] forwarded)
    {
        var context = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(peer) } };
        context.Request.Headers["X-Forwarded-For"] = new StringValues(forwarded);
        return context;
    }
}
