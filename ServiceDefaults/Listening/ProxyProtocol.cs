using System.Buffers;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// Reads the PROXY header with which every connection of a listener begins, before TLS: who it names is the client. Connections that do not
/// come from a trusted proxy, and those whose header is wrong or late, are closed without a word.
/// </summary>
internal sealed partial class ProxyProtocol(
    IReadOnlyList<IPNetwork> trusted, IMeterFactory meters, TimeProvider time, ILogger<ProxyProtocol> logger)
{
    /// <summary>How long the header may take.</summary>
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(5);

    private readonly Counter<long> _closed = meters.Create("RegistryProxy.Listening").CreateCounter<long>(
        "registryproxy.listen.proxy_protocol_closed", "{connection}",
        "Connections that did not begin with a PROXY header of a trusted proxy");

    public ConnectionDelegate Handle(ConnectionDelegate next) => async connection =>
    {
        if (!IsTrusted(connection.RemoteEndPoint))
        {
            Close(connection, "untrusted");
            return;
        }

        var header = await Read(connection);
        if (header.State != ProxyHeaderState.Complete)
        {
            Close(connection, header.State == ProxyHeaderState.Malformed ? "malformed" : "incomplete");
            return;
        }

        connection.Features.GetRequiredFeature<ListenerFeature>().IsFromProxy = true;
        if (header.Client is { } client)
        {
            connection.RemoteEndPoint = client;
            connection.Features.GetRequiredFeature<ListenerFeature>().BelongsTo(client.Address);
        }
        else
        {
            connection.Features.GetRequiredFeature<ListenerFeature>().IsForNobodyKnown = true;
        }

        await next(connection);
    };

    private async Task<ProxyHeader> Read(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        using var late = new CancellationTokenSource(MaxTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, connection.ConnectionClosed);
        try
        {
            while (true)
            {
                var result = await input.ReadAsync(either.Token);
                var header = Parse(result.Buffer);
                if (header.State != ProxyHeaderState.Incomplete)
                {
                    input.AdvanceTo(result.Buffer.GetPosition(header.Length));
                    return header;
                }

                input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                if (result.IsCompleted)
                {
                    return header;
                }
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException)
        {
            return ProxyHeader.Incomplete;
        }
    }

    private static ProxyHeader Parse(in ReadOnlySequence<byte> buffer)
    {
        if (buffer.IsSingleSegment)
        {
            return ProxyHeader.Read(buffer.FirstSpan);
        }

        return ProxyHeader.Read(buffer.Slice(0, Math.Min(buffer.Length, ProxyHeader.MaxLength)).ToArray());
    }

    private bool IsTrusted(EndPoint? from) =>
        from is IPEndPoint { Address: var address } && trusted.Any(network => network.Contains(ClientAddress.Normal(address)));

    private void Close(ConnectionContext connection, string reason)
    {
        _closed.Add(1, new KeyValuePair<string, object?>("reason", reason));
        LogClosed(connection.RemoteEndPoint, reason);
        connection.Abort();
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Closed a connection from {From}: its PROXY header is {Reason}")]
    private partial void LogClosed(EndPoint? from, string reason);
}
