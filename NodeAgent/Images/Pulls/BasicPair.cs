using System.Text;

namespace RegistryProxy.NodeAgent.Images.Pulls;

/// <summary>The <c>auth</c> of a docker configuration: base64 of user and password.</summary>
internal static class BasicPair
{
    public static (string User, string Password) Read(string text)
    {
        Span<byte> bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var length))
        {
            return ("", "");
        }

        var pair = Encoding.UTF8.GetString(bytes[..length]).TrimEnd('\0');
        var colon = pair.IndexOf(':');
        return colon < 0 ? ("", "") : (pair[..colon], pair[(colon + 1)..]);
    }
}
