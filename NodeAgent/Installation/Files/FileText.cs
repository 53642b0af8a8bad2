using System.Text;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Files;

/// <summary>
/// The text of a file in the encoding and with the byte order mark that it has. What is no UTF-8 is kept byte for byte, as Latin-1.
/// </summary>
internal sealed record FileText
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly byte[] _mark;
    private readonly Encoding _encoding;

    private FileText(byte[] bytes, int mark, Encoding encoding) =>
        (_mark, _encoding, Text) = (bytes[..mark], encoding, encoding.GetString(bytes, mark, bytes.Length - mark));

    public string Text { get; }

    public static FileText Of(byte[] bytes)
    {
        if (bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            return new FileText(bytes, 2, new UnicodeEncoding(bytes[0] == 0xFE, false));
        }

        var mark = bytes is [0xEF, 0xBB, 0xBF, ..] ? 3 : 0;
        try
        {
            return new FileText(bytes, mark, Strict);
        }
        catch (DecoderFallbackException)
        {
            return new FileText(bytes, mark, Encoding.Latin1);
        }
    }

    /// <summary>The bytes of another text in the same encoding, behind the same mark.</summary>
    /// <exception cref="InstallRefusal">The encoding cannot say it.</exception>
    public byte[] With(string text)
    {
        var bytes = _encoding.GetBytes(text);
        return _encoding.GetString(bytes) == text
            ? [.. _mark, .. bytes]
            : throw new InstallRefusal("the file is no UTF-8, and what goes into it needs more than Latin-1");
    }
}
