using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity.Nonces;

/// <summary>
/// Nonces of 32 hexadecimal digits: the time, a random part, and a MAC over both, the tenant and the authenticator. Making one keeps
/// nothing, so asking for many costs nothing; presenting one is remembered by a grain.
/// </summary>
internal sealed class NonceAuthority(IGrainFactory grains, RingKeys ring, TimeProvider time)
{
    /// <summary>How long a nonce counts.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromSeconds(60);

    private const int Length = 16;
    private const int Authenticated = 8;

    /// <summary>A fresh nonce.</summary>
    public async ValueTask<string> Create(string tenant, string authenticator)
    {
        var nonce = new byte[Length];
        BinaryPrimitives.WriteUInt32BigEndian(nonce, (uint)time.GetUtcNow().ToUnixTimeSeconds());
        RandomNumberGenerator.Fill(nonce.AsSpan(4, Authenticated - 4));
        Mac(Keys(await ring.Current())[0], nonce, tenant, authenticator).CopyTo(nonce, Authenticated);
        return Convert.ToHexStringLower(nonce);
    }

    /// <summary>Whether the nonce is one of ours, for this authenticator of this tenant, fresh, and presented for the first time.</summary>
    public async ValueTask<bool> Redeem(string text, string tenant, string authenticator)
    {
        if (text.Length != 2 * Length || !text.All(char.IsAsciiHexDigitLower))
        {
            return false;
        }

        var nonce = Convert.FromHexString(text);
        var age = time.GetUtcNow() - UnixTime.OfSeconds(BinaryPrimitives.ReadUInt32BigEndian(nonce));
        return age >= -Life && age <= Life
            && (IsOurs(await ring.Current(), nonce, tenant, authenticator) || IsOurs(await ring.Latest(), nonce, tenant, authenticator))
            && await grains.GetGrain<INonceGrain>(text).Redeem();
    }

    private static bool IsOurs(PublishedKeys published, byte[] nonce, string tenant, string authenticator) =>
        Keys(published).Exists(key =>
            CryptographicOperations.FixedTimeEquals(Mac(key, nonce, tenant, authenticator), nonce.AsSpan(Authenticated)));

    private static List<byte[]> Keys(PublishedKeys published) =>
        [.. published.UploadKeys.Select(key => Convert.FromBase64String(key.Reveal()))];

    private static byte[] Mac(byte[] key, byte[] nonce, string tenant, string authenticator) => HMACSHA256.HashData(
        key, (byte[])[.. "nonce\0"u8, .. nonce[..Authenticated],
            .. Encoding.UTF8.GetBytes($"{tenant}\0{authenticator}")])[..(Length - Authenticated)];
}
