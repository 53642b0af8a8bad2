using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Orleans.Configuration;
using RegistryProxy.ServiceDefaults.Connections;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Silo.Clustering;

/// <summary>
/// The connections that come to a silo's two ports. Orleans waits for the preamble of each without an end; here it has the time, and the
/// company, that <see cref="Openings"/> allow: a member sends it at once. Behind it no <see cref="Silence"/> lasts.
/// </summary>
internal static class MemberConnections
{
    /// <summary>In front of the preamble stands its length, little-endian.</summary>
    private const int LengthBytes = 4;

    /// <summary>The longest that Orleans takes, in bytes.</summary>
    private const int MaxPreamble = 1024;

    /// <summary>Starts the time of a connection. To be called before TLS is added.</summary>
    public static void Begin(SiloConnectionOptions options, TimeProvider time)
    {
        options.ConfigureSiloInboundConnection(builder => Begin(builder, time));
        options.ConfigureGatewayInboundConnection(builder => Begin(builder, time));
    }

    /// <summary>Holds strangers' handshakes within their bounds. To be called right before TLS is added.</summary>
    public static void AwaitHello(SiloConnectionOptions options, TimeProvider time)
    {
        var handshakes = new Handshakes(time);
        options.ConfigureSiloInboundConnection(builder => AwaitHello(builder, handshakes));
        options.ConfigureGatewayInboundConnection(builder => AwaitHello(builder, handshakes));
    }

    /// <summary>Ends it once the preamble is there. To be called after TLS is added.</summary>
    public static void AwaitPreamble(SiloConnectionOptions options)
    {
        options.ConfigureSiloInboundConnection(AwaitPreamble);
        options.ConfigureGatewayInboundConnection(AwaitPreamble);
    }

    private static void Begin(IConnectionBuilder builder, TimeProvider time)
    {
        var openings = new Openings(time);
        builder.Use(next => async connection =>
        {
            using var opening = openings.Begin(connection);
            using var silence = new Silence(connection, time);
            connection.Features.Set(opening);
            connection.Features.Set<IConnectionProgress>(opening);
            await next(connection);
        });
    }

    private static void AwaitHello(IConnectionBuilder builder, Handshakes handshakes) => builder.Use(next => async connection =>
    {
        using var handshake = await handshakes.Begin(connection);
        if (handshake.Hello == HelloState.Whole)
        {
            connection.Features.Set(handshake);
            connection.Features.GetRequiredFeature<HeardTransport>().BeginHandshake(handshake);
            connection.Transport = new Transport(handshake.Input, connection.Transport.Output);
            await next(connection);
        }
    });

    private static void AwaitPreamble(IConnectionBuilder builder) => builder.Use(next => async connection =>
    {
        connection.Features.Get<Handshake>()?.Succeed();
        connection.Features.GetRequiredFeature<HeardTransport>().EndHandshake();
        var input = connection.Transport.Input;
        while (true)
        {
            var result = await input.ReadAsync();
            if (result.IsCanceled)
            {
                connection.Abort();
                return;
            }

            if (result.IsCompleted || HasPreamble(result.Buffer))
            {
                input.AdvanceTo(result.Buffer.Start);
                break;
            }

            input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }

        connection.Features.GetRequiredFeature<Opening>().End();
        await next(connection);
    });

    /// <summary>Whether it is there, or something that Orleans refuses.</summary>
    private static bool HasPreamble(in ReadOnlySequence<byte> buffer)
    {
        if (buffer.Length < LengthBytes)
        {
            return false;
        }

        Span<byte> head = stackalloc byte[LengthBytes];
        buffer.Slice(0, LengthBytes).CopyTo(head);
        var length = BinaryPrimitives.ReadInt32LittleEndian(head);
        return length is < 0 or > MaxPreamble || buffer.Length >= LengthBytes + length;
    }
    private sealed record Transport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
