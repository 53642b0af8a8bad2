using System.Security.Cryptography;
using System.Text;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>The body of an answer with several ranges (RFC 9110 §14.6), whose boundary no content can know.</summary>
internal sealed class MultipartRanges(ByteRange[] ranges, long size)
{
    private readonly string _boundary = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    public IReadOnlyList<ByteRange> Ranges => ranges;

    public string ContentType => $"multipart/byteranges; boundary={_boundary}";

    /// <summary>Bytes of the content.</summary>
    public long Count => ranges.Sum(range => range.Count);

    /// <summary>Bytes of the body.</summary>
    public long Length => ranges.Sum(range => HeadOf(range).Length + range.Count) + Tail.Length;

    public byte[] Tail => Encoding.ASCII.GetBytes($"\r\n--{_boundary}--\r\n");

    /// <summary>What comes before the bytes of a range.</summary>
    public byte[] HeadOf(ByteRange range) => Encoding.ASCII.GetBytes(
        $"\r\n--{_boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {range.First}-{range.End - 1}/" +
        $"{size}\r\n\r\n");
}
