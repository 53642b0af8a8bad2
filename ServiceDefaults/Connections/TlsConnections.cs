using System.IO.Pipelines;
using System.Net.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>
/// The TLS middleware of a listener, in place of Kestrel's <c>UseHttps</c>: no pipe between <see cref="SslStream"/> and the socket, which
/// would cost a third of the CPU time, and full records. A connection whose handshake fails or takes too long is closed.
/// </summary>
/// <param name="options">The options for a handshake that begins now.</param>
/// <param name="meter">Measures handshakes.</param>
/// <param name="time">The clock.</param>
internal sealed class TlsConnections(Func<SslServerAuthenticationOptions> options, HandshakeMeter meter, TimeProvider time)
{
    private readonly Handshakes _handshakes = new(time);

    /// <summary>How long a handshake may take.</summary>
    private static readonly TimeSpan MaxHandshakeTime = TimeSpan.FromSeconds(10);

    /// <summary>How long sending the rest and the <c>close_notify</c> may take when a connection ends.</summary>
    private static readonly TimeSpan MaxCloseTime = TimeSpan.FromSeconds(5);

    /// <summary>How long the client has to close then, too.</summary>
    private static readonly TimeSpan MaxLinger = TimeSpan.FromSeconds(2);

    /// <summary>Buffers of one record, rented once data has arrived.</summary>
    private static readonly StreamPipeReaderOptions Reading = new(
        bufferSize: 16 * 1024, minimumReadSize: 4 * 1024, leaveOpen: true, useZeroByteReads: true);

    public ConnectionDelegate Handle(ConnectionDelegate next) => async connection =>
    {
        if (await Open(connection) is not var (stream, tls))
        {
            return;
        }

        await using var endOfStream = stream;
        await using var endOfTls = tls;
        var plain = connection.Transport;
        stream.IsGathering = true;
        SetFeatures(connection, new TlsFeature(tls));
        var isShared = tls.NegotiatedApplicationProtocol == SslApplicationProtocol.Http2;
        var (input, output) = (PipeReader.Create(tls, Reading), new TlsOutput(connection, tls, stream, isShared));
        connection.Transport = new Duplex(input, output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = plain;
            await input.CompleteAsync();
            await Close(connection, output);
            await AwaitClient(stream);
        }
    };

    private async Task<(SocketStream Stream, SslStream Tls)?> Open(ConnectionContext connection)
    {
        var began = time.GetTimestamp();
        using var late = new CancellationTokenSource(MaxHandshakeTime, time);
        await using var abort = connection.AbortOn("the handshake took too long", late.Token);
        using var handshake = await _handshakes.Begin(connection);
        if (handshake.Hello != HelloState.Whole)
        {
            meter.Failed(began, late.IsCancellationRequested, connection, handshake.Hello);
            return null;
        }

        var socket = connection.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
        var stream = new SocketStream(handshake, socket);
        var tls = new SslStream(stream, leaveInnerStreamOpen: true);
        try
        {
            await tls.AuthenticateAsServerAsync(options(), late.Token);
            handshake.Succeed();
            meter.Ended(began, tls.SslProtocol);
            return (stream, tls);
        }
        catch (Exception fault)
        {
            // Whatever it was, it came of what the client sent or did not send.
            meter.Failed(began, late.IsCancellationRequested || handshake.IsGivenUp, connection, fault);
            await tls.DisposeAsync();
            await stream.DisposeAsync();
            return null;
        }
    }

    private static void SetFeatures(ConnectionContext connection, TlsFeature feature)
    {
        connection.Features.Set<ITlsConnectionFeature>(feature);
        connection.Features.Set<ITlsHandshakeFeature>(feature);
        connection.Features.Set<ITlsApplicationProtocolFeature>(feature);
        connection.Features.Set<ISslStreamFeature>(feature);
    }

    private async Task Close(ConnectionContext connection, TlsOutput output)
    {
        using var late = new CancellationTokenSource(MaxCloseTime, time);
        await using var abort = connection.AbortOn("the client took too long", late.Token);
        await output.Close();
    }

    /// <summary>
    /// What a client sends to a socket that is closed already, such as a window of HTTP/2, makes the system reset the connection, and the
    /// client loses what it has not received yet. Whoever has read the <c>close_notify</c> closes.
    /// </summary>
    private async Task AwaitClient(SocketStream stream)
    {
        using var late = new CancellationTokenSource(MaxLinger, time);
        try
        {
            await stream.Drain(late.Token);
        }
        catch (Exception)
        {
            // It is closed in any case.
        }
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
