using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// HTTP/2 on a listener with TLS: a connection that agreed on it in its handshake (ALPN, RFC 9113 §3.2) is handed over to the endpoint
/// that speaks nothing else, and every other one stays HTTP/1.1.
/// </summary>
internal sealed class NegotiatedProtocol(ConnectionHandover handover)
{
    public ConnectionDelegate Handle(ConnectionDelegate next) => connection =>
        connection.Features.Get<ITlsApplicationProtocolFeature>()?.ApplicationProtocol.Span.SequenceEqual("h2"u8) == true
            ? handover.Pass(connection) : next(connection);
}
