using System.IO.Pipelines;
using System.Net.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>
/// TLS of a listener, in the place of Kestrel's: between encryption and socket there is no pipe, and records are not cut to the blocks of
/// one. A connection whose handshake fails or takes too long is closed.
/// </summary>
/// <param name="options">What connections are told that come now.</param>
/// <param name="meter">Counts handshakes.</param>
/// <param name="time">The clock.</param>
internal sealed class TlsConnections(Func<SslServerAuthenticationOptions> options, HandshakeMeter meter, TimeProvider time)
{
    /// <summary>How long a handshake may take.</summary>
    private static readonly TimeSpan MaxHandshakeTime = TimeSpan.FromSeconds(10);

    /// <summary>How long a client may take for what is left when its connection ends.</summary>
    private static readonly TimeSpan MaxCloseTime = TimeSpan.FromSeconds(5);

    /// <summary>As much as a record holds, so that one read takes all of it; rented when something has come.</summary>
    private static readonly StreamPipeReaderOptions Reading = new(
        bufferSize: 16 * 1024, minimumReadSize: 4 * 1024, leaveOpen: true, useZeroByteReads: true);

    public ConnectionDelegate Handle(ConnectionDelegate next) => async connection =>
    {
        var plain = connection.Transport;
        await using var stream = new SocketStream(plain.Input, connection.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket);
        await using var tls = new SslStream(stream, leaveInnerStreamOpen: true);
        if (!await Shake(connection, tls))
        {
            return;
        }

        stream.IsGathering = true;
        Describe(connection, new TlsFeature(tls));
        var (input, output) = (PipeReader.Create(tls, Reading), new TlsOutput(connection, tls, stream));
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
        }
    };

    private async Task<bool> Shake(ConnectionContext connection, SslStream tls)
    {
        var began = time.GetTimestamp();
        using var late = new CancellationTokenSource(MaxHandshakeTime, time);
        await using var abort = late.Token.UnsafeRegister(static state => ((ConnectionContext)state!).Abort(
            new ConnectionAbortedException("the handshake took too long")), connection);
        try
        {
            await tls.AuthenticateAsServerAsync(options(), late.Token);
            meter.Ended(began, tls.SslProtocol);
            return true;
        }
        catch (Exception fault)
        {
            // Whatever it was, it came of what the client sent or did not send.
            meter.Failed(began, late.IsCancellationRequested, connection, fault);
            return false;
        }
    }

    private static void Describe(ConnectionContext connection, TlsFeature feature)
    {
        connection.Features.Set<ITlsConnectionFeature>(feature);
        connection.Features.Set<ITlsHandshakeFeature>(feature);
        connection.Features.Set<ITlsApplicationProtocolFeature>(feature);
        connection.Features.Set<ISslStreamFeature>(feature);
    }

    private async Task Close(ConnectionContext connection, TlsOutput output)
    {
        using var late = new CancellationTokenSource(MaxCloseTime, time);
        await using var abort = late.Token.UnsafeRegister(
            static state => ((ConnectionContext)state!).Abort(new ConnectionAbortedException("the client took too long")), connection);
        await output.Close();
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
