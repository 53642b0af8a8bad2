using System.Buffers;
using Microsoft.AspNetCore.Connections;
using RegistryProxy.ServiceDefaults.Connections;

namespace RegistryProxy.Silo.Clustering;

/// <summary>Keeps a second hello that is too long from a handshake that reads from a pipe.</summary>
internal sealed class HandshakeWatch
{
    private readonly SecondHello _second = new();
    private ReadOnlySequence<byte> _last;

    /// <summary>Of <see cref="_last"/>, what was looked at.</summary>
    private long _seen;

    public void Sent(ReadOnlySpan<byte> bytes) => _second.Sent(bytes);

    /// <summary>This can be read now.</summary>
    /// <exception cref="ConnectionAbortedException">It must not be.</exception>
    public void Came(in ReadOnlySequence<byte> bytes)
    {
        (var next, _last, _seen) = (bytes.Slice(_seen), bytes, bytes.Length);
        if (_second.Refuses(next))
        {
            throw new ConnectionAbortedException("the second hello is too long");
        }
    }

    /// <summary>So much of it has been read.</summary>
    public void Consumed(SequencePosition position) => _seen -= _last.Slice(0, position).Length;
}
