using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using RegistryProxy.Configuration;

namespace RegistryProxy.Gateway.Streaming;

/// <summary><c>cache.sendFile</c>: has connections written to by <see cref="SocketOutput"/>.</summary>
public static class FileSendingListener
{
    /// <summary>
    /// To be called before listeners are bound. Does nothing without the option, and with TLS, which <c>sendfile</c> cannot encrypt.
    /// </summary>
    public static void AddFileSending(this WebApplicationBuilder builder, FrontDoorConfiguration configuration)
    {
        if (configuration.Cache is { SendFile: true } && configuration.Listen.Tls is null)
        {
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(Use));
        }
    }

    private static void Use(ListenOptions options) => options.Use(next => connection =>
    {
        // What HTTP/2 was told on a connection comes by here again.
        if (connection.Features.Get<SocketOutput>() is null && connection.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket)
        {
            var output = new SocketOutput(connection, socket, connection.Transport.Output);
            connection.Transport = new Duplex(connection.Transport.Input, output);
            connection.Features.Set(output);
        }

        return next(connection);
    });

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
