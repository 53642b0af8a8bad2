using System.Text;

namespace RegistryProxy.Protocol;

/// <summary>Decoding of one key or value of a query or of a form body.</summary>
public static class FormEncoding
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Decodes <c>%XX</c> and <c>+</c> once; <c>false</c> on a broken escape, a control character or invalid UTF-8.</summary>
    public static bool TryDecode(ReadOnlySpan<char> raw, out string text)
    {
        text = "";
        if (!raw.ContainsAny('%', '+'))
        {
            text = raw.ToString();
            return !HasControl(text);
        }

        var bytes = new byte[raw.Length];
        var length = 0;
        for (var i = 0; i < raw.Length; i++, length++)
        {
            if (raw[i] == '%')
            {
                if (i + 2 >= raw.Length || !char.IsAsciiHexDigit(raw[i + 1]) || !char.IsAsciiHexDigit(raw[i + 2]))
                {
                    return false;
                }

                bytes[length] = Convert.FromHexString(raw.Slice(i + 1, 2))[0];
                i += 2;
            }
            else if (!char.IsAscii(raw[i]))
            {
                return false;
            }
            else
            {
                bytes[length] = (byte)(raw[i] == '+' ? ' ' : raw[i]);
            }
        }

        try
        {
            text = Strict.GetString(bytes, 0, length);
            return !HasControl(text);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private static bool HasControl(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c))
            {
                return true;
            }
        }

        return false;
    }
}
