using System.Buffers;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// HTTP/2 on a listener without TLS, for load balancers and meshes that speak it: a connection that begins with the preface of HTTP/2 (RFC
/// 9113 §3.3, §3.4) is handed over to the endpoint that speaks nothing else, and every other one stays HTTP/1.1.
/// </summary>
internal sealed class PriorKnowledge(ConnectionHandover handover)
{
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    public ConnectionDelegate Handle(ConnectionDelegate next) => async connection =>
    {
        switch (await Begins(connection))
        {
            case true:
                await handover.Pass(connection);
                break;
            case false:
                await next(connection);
                break;
        }
    };

    /// <summary>Whether it begins with the preface; <c>null</c> when it ended, or was closed since nothing came.</summary>
    private static async Task<bool?> Begins(ConnectionContext connection)
    {
        var stops = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
        try
        {
            while (true)
            {
                var result = await connection.Transport.Input.ReadAsync(stops);
                var begins = Begins(result.Buffer);
                if (begins is null && !result.IsCompleted)
                {
                    connection.Transport.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                    continue;
                }

                connection.Transport.Input.AdvanceTo(result.Buffer.Start);
                return begins ?? false;
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException)
        {
            connection.Abort();
            return null;
        }
    }

    /// <summary><c>null</c> while more has to come.</summary>
    private static bool? Begins(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> first = stackalloc byte[Preface.Length];
        var length = (int)Math.Min(buffer.Length, Preface.Length);
        buffer.Slice(0, length).CopyTo(first);
        return !first[..length].SequenceEqual(Preface[..length]) ? false : length == Preface.Length ? true : null;
    }
}
