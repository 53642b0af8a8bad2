using System.Net.Sockets;

namespace RegistryProxy.Tests.Support.Wire;

/// <summary>A connection below TLS, whose records are looked at as they come (RFC 8446 §5.1).</summary>
internal sealed class RecordStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    private readonly List<byte> _head = [];
    private int _rest;

    /// <summary>The type of the last record.</summary>
    public int LastType { get; private set; }

    /// <summary>Its length, in bytes, without its head.</summary>
    public int LastLength { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await base.ReadAsync(buffer, cancellationToken);
        foreach (var one in buffer.Span[..read])
        {
            See(one);
        }

        return read;
    }

    private void See(byte one)
    {
        if (_rest > 0)
        {
            _rest--;
            return;
        }

        _head.Add(one);
        if (_head.Count == 5)
        {
            (LastType, LastLength) = (_head[0], (_head[3] << 8) | _head[4]);
            _rest = LastLength;
            _head.Clear();
        }
    }
}
