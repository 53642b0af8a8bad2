using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Sealing;

/// <summary>
/// Seals the state of an upload into the id that the client carries (AES-256-GCM), bound to tenant, owner, repository and upstream: any
/// gateway can go on with it, nobody else can, and the upstream's own location is never seen.
/// </summary>
internal sealed class UploadSeal(IReadOnlyList<Secret> keys)
{
    private const int NonceSize = 12;
    private const int TagSize = 16;

    private readonly byte[][] _keys = [.. keys.Select(key => Convert.FromBase64String(key.Reveal()))];

    /// <summary>The id for an upload.</summary>
    public string Seal(UploadState state, UploadBinding binding)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(new SealedUpload(state.Location.Text, state.Offset), SealedUploadJson.Short.SealedUpload);
        var sealedBytes = new byte[NonceSize + plain.Length + TagSize];
        var nonce = sealedBytes.AsSpan(0, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(_keys[0], TagSize);
        cipher.Encrypt(nonce, plain, sealedBytes.AsSpan(NonceSize, plain.Length), sealedBytes.AsSpan(NonceSize + plain.Length), binding.Bytes());
        return Base64Url.EncodeToString(sealedBytes);
    }

    /// <summary>The upload of an id; <c>null</c> when it is not one of ours or bound to something else.</summary>
    public UploadState? Open(string id, UploadBinding binding)
    {
        if (!Base64Url.IsValid(id, out var length) || length <= NonceSize + TagSize)
        {
            return null;
        }

        var bytes = Base64Url.DecodeFromChars(id);
        var plain = new byte[bytes.Length - NonceSize - TagSize];
        foreach (var key in _keys)
        {
            try
            {
                using var cipher = new AesGcm(key, TagSize);
                cipher.Decrypt(bytes.AsSpan(0, NonceSize), bytes.AsSpan(NonceSize, plain.Length), bytes.AsSpan(NonceSize + plain.Length), plain, binding.Bytes());
                return JsonSerializer.Deserialize(plain, SealedUploadJson.Short.SealedUpload) is { } upload && OriginForm.TryParse(upload.Location, out var location)
                    ? new UploadState(location, upload.Offset)
                    : null;
            }
            catch (AuthenticationTagMismatchException)
            {
                // Sealed with another key, or not for this caller: the next key decides.
            }
        }

        return null;
    }
}

/// <summary>What an upload belongs to.</summary>
internal sealed record UploadBinding(string Tenant, string Owner, RepositoryName Repository, string Upstream)
{
    public byte[] Bytes() => Encoding.UTF8.GetBytes(string.Join('\n', Tenant, Owner, Repository.Value, Upstream));
}
