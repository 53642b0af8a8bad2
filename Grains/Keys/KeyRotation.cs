using System.Buffers.Text;
using System.Security.Cryptography;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Keys;

/// <summary>
/// How keys follow each other: a key is published one rotation before it signs, and kept after it for as long as a token of its can live.
/// </summary>
internal static class KeyRotation
{
    /// <summary>Silos sign with it for a minute longer when they do not hear of the next; clocks differ, snapshots travel.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(2);

    /// <summary>The longest that an upload may take from one request to the next.</summary>
    private static readonly TimeSpan UploadLife = TimeSpan.FromHours(24);

    /// <summary>How much longer than any refresh token the key lives that authenticates where its session is.</summary>
    private static readonly TimeSpan RoutingMargin = TimeSpan.FromDays(1);

    /// <summary>The ring as it should be now; the very same when that is how it is.</summary>
    public static KeyRing Turn(KeyRing ring, TokenConfiguration tokens, DateTimeOffset now) =>
        TurnRouting(TurnSigning(ring, tokens, now), tokens, now);

    /// <summary>A new key once the newest is as old as a refresh token gets; few are kept, however long tokens live.</summary>
    private static KeyRing TurnRouting(KeyRing ring, TokenConfiguration tokens, DateTimeOffset now)
    {
        var keys = ring.RoutingKeys.FindAll(key => key.KeepUntil > now);
        var longest = tokens.RefreshLifetime > ring.LongestRefresh ? tokens.RefreshLifetime : ring.LongestRefresh;
        if (keys is [var newest, ..])
        {
            if (now < ring.RoutingTurn)
            {
                return keys.Count == ring.RoutingKeys.Count && longest == ring.LongestRefresh ? ring
                    : ring with { RoutingKeys = keys, LongestRefresh = longest };
            }

            keys[0] = newest with { KeepUntil = now + longest + RoutingMargin };
        }

        return ring with
        {
            RoutingKeys = [NewSecret(DateTimeOffset.MaxValue), .. keys],
            LongestRefresh = tokens.RefreshLifetime,
            RoutingTurn = now + (tokens.RefreshLifetime > tokens.KeyRotation ? tokens.RefreshLifetime : tokens.KeyRotation),
        };
    }

    private static KeyRing TurnSigning(KeyRing ring, TokenConfiguration tokens, DateTimeOffset now)
    {
        var (retired, uploads) = (ring.Retired.FindAll(key => key.KeepUntil > now), ring.UploadKeys.FindAll(key => key.KeepUntil > now));
        if (ring.Active is not null && now < ring.RotateAt)
        {
            return retired.Count == ring.Retired.Count && uploads.Count == ring.UploadKeys.Count ? ring
                : ring with { Retired = retired, UploadKeys = uploads };
        }

        if (ring.Active is { } active)
        {
            retired.Insert(0, active with { KeepUntil = now + tokens.AccessLifetime + Margin });
        }

        var rotateAt = now + tokens.KeyRotation;
        return ring with
        {
            Retired = retired,
            Active = ring.Next ?? NewSigningKey(),
            Next = NewSigningKey(),
            RotateAt = rotateAt,
            UploadKeys = [NewSecret(rotateAt + UploadLife), .. uploads],
        };
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

    private static KeyEntry NewSecret(DateTimeOffset keepUntil) =>
        new(NewId(), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), keepUntil);

    private static string NewId() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(9));
}
