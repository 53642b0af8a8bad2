using System.Text;

namespace RegistryProxy.Tests.Support;

/// <summary>What a secret may look like where somebody wrote it down.</summary>
internal static class SecretSpellings
{
    public static IEnumerable<string> Of(string secret)
    {
        var octets = Encoding.UTF8.GetBytes(secret);
        yield return secret;
        yield return System.Text.Json.JsonEncodedText.Encode(secret).ToString();
        yield return Convert.ToBase64String(octets).TrimEnd('=');
        yield return Convert.ToBase64String(octets).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        yield return Convert.ToHexStringLower(octets);
        yield return Uri.EscapeDataString(secret);
        yield return Convert.ToBase64String(Encoding.UTF8.GetBytes($"me:{secret}")).TrimEnd('=');
    }
}
