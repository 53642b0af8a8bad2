using System.Buffers;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>What is known of the first message of a TLS client.</summary>
public enum HelloState
{
    /// <summary>More of it must come.</summary>
    Incomplete,

    /// <summary>It has come.</summary>
    Whole,

    /// <summary>It is no ClientHello, or too long.</summary>
    Refused,
}

/// <summary>
/// Looks for the end of a ClientHello (RFC 8446 §4.1.2) in records (§5.1), in whatever pieces they come. Its record ends with it, since
/// nothing can follow before the server's answer. OpenSSL makes room for as much as its head announces, 128 KiB at most, as soon as it has
/// the head.
/// </summary>
/// <param name="isSecond">
/// Whether it is the answer to a HelloRetryRequest, which a <c>change_cipher_spec</c> may precede (appendix D.4).
/// </param>
public sealed class HelloScan(bool isSecond = false)
{
    /// <summary>
    /// The longest that is taken, with the heads of its records, in bytes: as much as one record holds. Clients send 200 to 2,000 bytes,
    /// with a share of ML-KEM-1024 and a session ticket 4,000.
    /// </summary>
    public const int MaxBytes = 16 * 1024;

    private const int ChangeType = 20;
    private const int HandshakeType = 22;
    private const int MajorVersion = 3;
    private const int ClientHelloType = 1;
    private const int RecordHead = 5;
    private const int MessageHead = 4;

    private int _headSeen;
    private int _recordLeft;
    private bool _isChange;
    private int _messageSeen;
    private int _messageLength;

    /// <summary>What is known now.</summary>
    public HelloState State { get; private set; }

    /// <summary>How many bytes were looked at, up to the end of the hello.</summary>
    public int Count { get; private set; }

    /// <summary>Looks at what has come since.</summary>
    public HelloState Read(in ReadOnlySequence<byte> bytes)
    {
        foreach (var piece in bytes)
        {
            Read(piece.Span);
        }

        return State;
    }

    private void Read(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0 && State == HelloState.Incomplete)
        {
            var isBody = _headSeen == RecordHead && !_isChange && _messageSeen >= MessageHead;
            var count = isBody ? Math.Min(bytes.Length, _recordLeft) : 1;
            State = _headSeen < RecordHead ? ReadRecordHead(bytes[0]) : _isChange ? SkipChange() : ReadMessage(bytes[0], count);
            bytes = bytes[count..];
            Count += count;
            if (Count >= MaxBytes && State == HelloState.Incomplete)
            {
                State = HelloState.Refused;
            }
        }
    }

    private HelloState ReadRecordHead(byte next)
    {
        _recordLeft = (_recordLeft << 8) | next;
        var isRefused = _headSeen++ switch
        {
            0 => IsOther(next),
            1 => next != MajorVersion,
            2 => Reset(),
            4 => _recordLeft is 0 or > MaxBytes,
            _ => false,
        };
        return isRefused ? HelloState.Refused : HelloState.Incomplete;
    }

    private bool IsOther(byte type)
    {
        _isChange = isSecond && type == ChangeType && _messageSeen == 0;
        return type != HandshakeType && !_isChange;
    }

    private HelloState SkipChange()
    {
        _headSeen = 0;
        return _recordLeft == 1 ? HelloState.Incomplete : HelloState.Refused;
    }

    /// <summary>The length stands behind the version.</summary>
    private bool Reset()
    {
        _recordLeft = 0;
        return false;
    }

    private HelloState ReadMessage(byte first, int count)
    {
        if (_messageSeen == 0 && first != ClientHelloType)
        {
            return HelloState.Refused;
        }

        if (_messageSeen is > 0 and < MessageHead)
        {
            _messageLength = (_messageLength << 8) | first;
        }

        _messageSeen += count;
        _recordLeft -= count;
        if (_recordLeft == 0)
        {
            _headSeen = 0;
        }

        return _messageSeen < MessageHead ? HelloState.Incomplete
            : _messageLength > MaxBytes ? HelloState.Refused
            : _messageSeen < MessageHead + _messageLength ? HelloState.Incomplete
            : _messageSeen == MessageHead + _messageLength && _recordLeft == 0 ? HelloState.Whole : HelloState.Refused;
    }
}
