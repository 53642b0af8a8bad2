namespace RegistryProxy.ServiceDefaults.Audit;

/// <summary>
/// The newest lines of one tenant, their bytes in one ring and their times in another. Both grow as lines come, so that a line costs no
/// memory of its own.
/// </summary>
internal sealed class LineRing
{
    private const int FirstLines = 16;
    private const int FirstBytes = 2048;

    private (DateTimeOffset At, int Length)[] _lines = new (DateTimeOffset, int)[FirstLines];
    private byte[] _text = new byte[FirstBytes];
    private int _first;
    private int _begin;

    public int Count { get; private set; }

    /// <summary>Of the text of all lines, in bytes.</summary>
    public int Bytes { get; private set; }

    /// <summary>What the rings take, in bytes.</summary>
    public long Weight => _text.Length + (_lines.Length * 24L);

    public DateTimeOffset Oldest => _lines[_first].At;

    public void Add(DateTimeOffset at, ReadOnlySpan<byte> line)
    {
        if (Count == _lines.Length)
        {
            var lines = new (DateTimeOffset, int)[Count * 2];
            for (var i = 0; i < Count; i++)
            {
                lines[i] = _lines[(_first + i) % Count];
            }

            (_lines, _first) = (lines, 0);
        }

        if (Bytes + line.Length > _text.Length)
        {
            var text = new byte[Math.Max(_text.Length * 2, Bytes + line.Length)];
            Copy(_begin, text.AsSpan(0, Bytes));
            (_text, _begin) = (text, 0);
        }

        var end = (_begin + Bytes) % _text.Length;
        var head = Math.Min(line.Length, _text.Length - end);
        line[..head].CopyTo(_text.AsSpan(end));
        line[head..].CopyTo(_text);
        _lines[(_first + Count) % _lines.Length] = (at, line.Length);
        (Count, Bytes) = (Count + 1, Bytes + line.Length);
    }

    /// <summary>Drops the oldest line; when it was.</summary>
    public DateTimeOffset DropOldest()
    {
        var (at, length) = _lines[_first];
        (_first, _begin) = ((_first + 1) % _lines.Length, (_begin + length) % _text.Length);
        (Count, Bytes) = (Count - 1, Bytes - length);
        return at;
    }

    /// <summary>The newest lines of a time, as many as fit, the oldest first, and when the newest was that is not among them.</summary>
    public (List<AuditTailLine> Lines, DateTimeOffset Cut) Read(DateTimeOffset since, long maxBytes)
    {
        var (lines, end) = (new List<AuditTailLine>(), _begin + Bytes);
        for (var i = Count - 1; i >= 0; i--)
        {
            var (at, length) = _lines[(_first + i) % _lines.Length];
            end -= length;
            if (at < since)
            {
                continue;
            }

            if (length > maxBytes)
            {
                lines.Reverse();
                return (lines, at);
            }

            maxBytes -= length;
            var json = new byte[length];
            Copy(end % _text.Length, json);
            lines.Add(new AuditTailLine(at, json));
        }

        lines.Reverse();
        return (lines, DateTimeOffset.MinValue);
    }

    private void Copy(int from, Span<byte> to)
    {
        var head = Math.Min(to.Length, _text.Length - from);
        _text.AsSpan(from, head).CopyTo(to);
        _text.AsSpan(0, to.Length - head).CopyTo(to[head..]);
    }
}
