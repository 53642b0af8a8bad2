using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Sessions.Login;

/// <summary>What a device polls with: its user code, which finds the login, and 256 bits that prove it is the device.</summary>
internal sealed record DeviceCode(string UserCode, string Proof)
{
    private const int Half = 4;

    /// <summary>Without vowels, so that no code is a word (RFC 8628 §6.1).</summary>
    private const string Letters = "BCDFGHJKLMNPQRSTVWXZ";

    public Secret Text => new($"{UserCode}.{Proof}");

    public static DeviceCode New()
    {
        var code = RandomNumberGenerator.GetString(Letters, 2 * Half);
        return new($"{code[..Half]}-{code[Half..]}", Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));
    }

    public static bool TryParse(Secret text, [NotNullWhen(true)] out DeviceCode? code)
    {
        code = text.Reveal().Split('.') is [var user, { Length: 43 } proof] && IsUserCode(user) ? new(user, proof) : null;
        return code is not null;
    }

    public static bool IsUserCode(string text) =>
        text.Length == (2 * Half) + 1 && text[Half] == '-' && text.Remove(Half, 1).All(Letters.Contains);

    /// <summary>The grain of a login.</summary>
    public static string KeyOf(string tenant, string userCode) => $"{tenant}/{userCode}";

    public string Hash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Proof)));
}
