using System.Buffers;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// HTTP/2 on a listener without TLS, for load balancers and meshes that speak it: a connection that begins with the preface of HTTP/2 (RFC 9113
/// §3.3, §3.4) is handed over to the endpoint that speaks nothing else, and every other one stays HTTP/1.1.
/// </summary>
internal sealed class PriorKnowledge(ConnectionHandover handover, TimeProvider time)
{
    /// <summary>For how long nothing may come at first; the same as Kestrel's own limit between requests.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(130);

    /// <summary>How long the preface may take that has begun; the same as for the head of a request.</summary>
    private static readonly TimeSpan PrefacePatience = TimeSpan.FromSeconds(10);

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

    /// <summary>Whether it begins with the preface; <c>null</c> when it ended or nothing came.</summary>
    private async Task<bool?> Begins(ConnectionContext connection)
    {
        using var late = new CancellationTokenSource(Patience, time);
        var stops = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stops);
        try
        {
            while (true)
            {
                var result = await connection.Transport.Input.ReadAsync(either.Token);
                var begins = Begins(result.Buffer);
                if (begins is null && !result.IsCompleted)
                {
                    connection.Transport.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                    late.CancelAfter(PrefacePatience);
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
