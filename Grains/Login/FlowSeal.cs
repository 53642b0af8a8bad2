using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using RegistryProxy.Grains.Identity.Issuers;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Login;

/// <summary>
/// Seals a login on its way into a cookie: AES-256-GCM under a key derived from the cluster's, so that any silo opens it and none has to
/// remember it.
/// </summary>
internal sealed class FlowSeal(RingKeys ring, TimeProvider time)
{
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int MaxLength = 4096;

    public async ValueTask<Secret> Seal(LoginFlow flow)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(flow);
        var seal = new byte[NonceLength + TagLength + plain.Length];
        RandomNumberGenerator.Fill(seal.AsSpan(0, NonceLength));
        using var cipher = new AesGcm(Keys(await ring.Current())[0], TagLength);
        cipher.Encrypt(seal.AsSpan(0, NonceLength), plain, seal.AsSpan(NonceLength + TagLength), seal.AsSpan(NonceLength, TagLength));
        return new Secret(Base64Url.EncodeToString(seal));
    }

    /// <summary>Opens it again; <c>null</c> when it is not one of ours or too old.</summary>
    public async ValueTask<LoginFlow?> Open(Secret text)
    {
        var sealed_ = text.Reveal();
        if (sealed_.Length > MaxLength || !Base64Url.IsValid(sealed_, out var length) || length <= NonceLength + TagLength)
        {
            return null;
        }

        var bytes = Base64Url.DecodeFromChars(sealed_);
        var flow = Open(await ring.Current(), bytes) ?? Open(await ring.Latest(), bytes);
        return flow?.Expires > time.GetUtcNow() ? flow : null;
    }

    private static LoginFlow? Open(PublishedKeys published, byte[] seal) =>
        Keys(published).Select(key => Open(key, seal)).FirstOrDefault(flow => flow is not null);

    private static LoginFlow? Open(byte[] key, byte[] seal)
    {
        var plain = new byte[seal.Length - NonceLength - TagLength];
        using var cipher = new AesGcm(key, TagLength);
        try
        {
            cipher.Decrypt(seal.AsSpan(0, NonceLength), seal.AsSpan(NonceLength + TagLength), seal.AsSpan(NonceLength, TagLength), plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        return JsonSerializer.Deserialize<LoginFlow>(plain);
    }

    private static List<byte[]> Keys(PublishedKeys published) =>
    [
        .. published.UploadKeys.Select(
            key => HKDF.DeriveKey(HashAlgorithmName.SHA256, Convert.FromBase64String(key.Reveal()), 32, info: "login flow"u8.ToArray())),
    ];
}
