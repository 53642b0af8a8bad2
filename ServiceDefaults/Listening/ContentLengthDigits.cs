using System.Text;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// The value of Content-Length, which is 1*DIGIT (RFC 9110 §8.6). Kestrel parses it as .NET parses numbers, with signs and blanks: what is
/// no digit is read here as something that is none there either.
/// </summary>
internal sealed class ContentLengthDigits : Encoding
{
    private const char NoDigit = 'x';

    /// <summary>Fills what there is room for: more digits than Kestrel has room for are too many.</summary>
    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        var length = Math.Min(bytes.Length, chars.Length);
        for (var i = 0; i < length; i++)
        {
            chars[i] = bytes[i] is >= (byte)'0' and <= (byte)'9' ? (char)bytes[i] : NoDigit;
        }

        return length;
    }

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

    public override int GetCharCount(byte[] bytes, int index, int count) => count;

    public override int GetMaxCharCount(int byteCount) => byteCount;

    public override int GetByteCount(char[] chars, int index, int count) => count;

    public override int GetMaxByteCount(int charCount) => charCount;

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        throw new NotSupportedException();
}
