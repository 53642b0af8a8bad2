using System.Buffers.Text;
using System.Security.Cryptography;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions.Keys;

/// <summary>
/// How keys follow each other: a key is published one rotation before it signs, and kept after it for as long as a token of its can live.
/// </summary>
internal static class KeyRotation
{
    /// <summary>Silos sign with it for a minute longer when they do not hear of the next; clocks differ, snapshots travel.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(2);

    /// <summary>The longest that an upload may take from one request to the next.</summary>
    private static readonly TimeSpan UploadLife = TimeSpan.FromHours(24);

    /// <summary>Brings the ring up to date; <c>true</c> when it changed.</summary>
    public static bool Turn(KeyRing ring, TokenConfiguration tokens, DateTimeOffset now)
    {
        var retired = ring.Retired.RemoveAll(key => key.KeepUntil <= now) + ring.UploadKeys.RemoveAll(key => key.KeepUntil <= now);
        if (ring.Active is not null && now < ring.RotateAt)
        {
            return retired > 0;
        }

        if (ring.Active is { } active)
        {
            ring.Retired.Insert(0, active with { KeepUntil = now + tokens.AccessLifetime + Margin });
        }

        ring.Active = ring.Next ?? NewSigningKey();
        ring.Next = NewSigningKey();
        ring.RotateAt = now + tokens.KeyRotation;
        ring.UploadKeys.Insert(0, new KeyEntry(NewId(), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), ring.RotateAt + UploadLife));
        return true;
    }

    /// <summary>The public half of a signing key.</summary>
    public static TokenKey PublicHalf(KeyEntry entry)
    {
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(Convert.FromBase64String(entry.Material), out _);
        var point = key.ExportParameters(false).Q;
        return new TokenKey(entry.Id, Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
    }

    private static KeyEntry NewSigningKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new KeyEntry(NewId(), Convert.ToBase64String(key.ExportPkcs8PrivateKey()), DateTimeOffset.MaxValue);
    }

    private static string NewId() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(9));
}
