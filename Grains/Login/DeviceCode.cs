using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Login;

/// <summary>
/// What a device polls with: its user code, which finds the login, 256 bits that prove it is the device, and the cluster's seal over the
/// former.
/// </summary>
/// <param name="UserCode">What a person types.</param>
/// <param name="Proof">The random bits.</param>
/// <param name="Seal">The seal; <c>null</c> when there is none, as in versions before this one. Whether it is good is not known.</param>
internal sealed record DeviceCode(string UserCode, string Proof, string? Seal = null)
{
    /// <summary>What the seal is for: the grain of a device's login.</summary>
    public const string SealKind = "device";

    /// <summary>Characters; what is made here has 76.</summary>
    private const int MaxLength = 128;

    private const int ProofLength = 43;
    private const int Half = 4;

    /// <summary>Without vowels, so that no code is a word (RFC 8628 §6.1).</summary>
    private const string Letters = "BCDFGHJKLMNPQRSTVWXZ";

    public Secret Text => new(Seal is null ? $"{UserCode}.{Proof}" : $"{UserCode}.{Proof}.{Seal}");

    /// <param name="administers">Whether the device asks for the administration of the tenant.</param>
    public static DeviceCode New(bool administers)
    {
        var code = RandomNumberGenerator.GetString(Letters, 2 * Half);
        code = administers ? DeviceUserCode.Administration + code[1..] : code;
        return new($"{code[..Half]}-{code[Half..]}", Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));
    }

    public static bool TryParse(Secret text, [NotNullWhen(true)] out DeviceCode? code)
    {
        var value = text.Reveal();
        code = value.Length > MaxLength ? null : value.Split('.') switch
        {
            [var user, { Length: ProofLength } proof] when IsUserCode(user) => new(user, proof),
            [var user, { Length: ProofLength } proof, var seal] when IsUserCode(user) => new(user, proof, seal),
            _ => null,
        };
        return code is not null;
    }

    public static bool IsUserCode(string text) =>
        text.Length == (2 * Half) + 1 && text[Half] == '-'
        && text.Remove(Half, 1)[(DeviceUserCode.Administers(text) ? 1 : 0)..].All(Letters.Contains);

    /// <summary>The grain of a login.</summary>
    public static string KeyOf(string tenant, string userCode) => $"{tenant}/{userCode}";

    public string Hash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Proof)));
}
