using System.Buffers;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>
/// Watches a TLS server's handshake for a HelloRetryRequest (RFC 8446 §4.1.4), behind which the client's next hello is bounded like its
/// first.
/// </summary>
public sealed class SecondHello
{
    /// <summary>In front of the random value of a ServerHello are the heads of record and message and a version.</summary>
    private const int RandomAt = 11;

    private HelloScan? _scan;
    private bool _hasSent;

    /// <summary>The random value that makes a ServerHello a HelloRetryRequest (§4.1.3).</summary>
    private static ReadOnlySpan<byte> RetryRandom =>
    [
        0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
        0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
    ];

    /// <summary>The server sends this; only what it sends first matters.</summary>
    public void Sent(ReadOnlySpan<byte> bytes)
    {
        if (!_hasSent && bytes.Length >= RandomAt + RetryRandom.Length && bytes[RandomAt..].StartsWith(RetryRandom))
        {
            _scan = new HelloScan(isSecond: true);
        }

        _hasSent = true;
    }

    /// <summary>Whether what has come since must not be read.</summary>
    public bool Refuses(in ReadOnlySequence<byte> bytes) => _scan?.Read(bytes) == HelloState.Refused;
}
