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
    private const int MaxLength = 4096;

    public async ValueTask<Secret> Seal(LoginFlow flow) =>
        new(SealOf(await ring.Current()).Seal(JsonSerializer.SerializeToUtf8Bytes(flow), []));

    /// <summary>Opens it again; <c>null</c> when it is not one of ours or too old.</summary>
    public async ValueTask<LoginFlow?> Open(Secret text)
    {
        var sealed_ = text.Reveal();
        if (sealed_.Length > MaxLength)
        {
            return null;
        }

        var flow = Open(await ring.Current(), sealed_) ?? Open(await ring.Latest(), sealed_);
        return flow?.Expires > time.GetUtcNow() ? flow : null;
    }

    private static LoginFlow? Open(PublishedKeys published, string text) =>
        SealOf(published).TryOpen(text, [], out var plain) ? JsonSerializer.Deserialize<LoginFlow>(plain) : null;

    private static AuthenticatedSeal SealOf(PublishedKeys published) => new(
    [
        .. published.UploadKeys.Select(
            key => HKDF.DeriveKey(HashAlgorithmName.SHA256, Convert.FromBase64String(key.Reveal()), 32, info: "login flow"u8.ToArray())),
    ]);
}
