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
        var longest = tokens.RefreshLifetime > ring.LongestRefresh ? tokens.RefreshLifetime : ring.LongestRefresh;
        var period = tokens.RefreshLifetime > tokens.KeyRotation ? tokens.RefreshLifetime : tokens.KeyRotation;
        var turn = new Turning(ring.RoutingTurn, period, now);
        var keys = turn.Live(ring.RoutingKeys, longest + RoutingMargin);
        if (keys is [var newest, ..])
        {
            if (!turn.IsDue)
            {
                return keys.Count == ring.RoutingKeys.Count && longest == ring.LongestRefresh && turn.Next == ring.RoutingTurn ? ring
                    : ring with { RoutingKeys = keys, LongestRefresh = longest, RoutingTurn = turn.Next };
            }

            keys[0] = newest with { KeepUntil = now + longest + RoutingMargin };
        }

        return ring with
        {
            RoutingKeys = [NewSecret(DateTimeOffset.MaxValue), .. keys],
            LongestRefresh = tokens.RefreshLifetime,
            RoutingTurn = turn.AfterThis,
        };
    }

    private static KeyRing TurnSigning(KeyRing ring, TokenConfiguration tokens, DateTimeOffset now)
    {
        var turn = new Turning(ring.RotateAt, tokens.KeyRotation, now);
        var (retired, uploads) = (turn.Live(ring.Retired, tokens.AccessLifetime + Margin), turn.Live(ring.UploadKeys, UploadLife));
        if (ring.Active is not null && !turn.IsDue)
        {
            return retired.Count == ring.Retired.Count && uploads.Count == ring.UploadKeys.Count && turn.Next == ring.RotateAt ? ring
                : ring with { Retired = retired, UploadKeys = uploads, RotateAt = turn.Next };
        }

        if (ring.Active is { } active)
        {
            retired.Insert(0, active with { KeepUntil = now + tokens.AccessLifetime + Margin });
        }

        return ring with
        {
            Retired = retired,
            Active = ring.Next ?? NewSigningKey(),
            Next = NewSigningKey(),
            RotateAt = turn.AfterThis,
            UploadKeys = [NewSecret(turn.AfterThis + UploadLife), .. uploads],
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

    /// <summary>When keys turn, by a clock that may be wrong for a while.</summary>
    /// <param name="At">When it was to be.</param>
    /// <param name="Period">From one turn to the next.</param>
    /// <param name="Now">What the clock says.</param>
    private readonly record struct Turning(DateTimeOffset At, TimeSpan Period, DateTimeOffset Now)
    {
        public bool IsDue => Now >= At;

        public DateTimeOffset AfterThis => Now + Period;

        /// <summary>When it is to be: never later than a period from now, whatever the clock or the configuration said before.</summary>
        public DateTimeOffset Next => At > AfterThis + Margin ? AfterThis : At;

        /// <summary>
        /// The keys that are not over. At a turn that is late by more than a period the clock may be ahead: from there, each lives as long
        /// as what was made by it can.
        /// </summary>
        public List<KeyEntry> Live(List<KeyEntry> keys, TimeSpan use)
        {
            var (now, least) = (Now, Now - At > Period ? Now + use : DateTimeOffset.MinValue);
            return keys.ConvertAll(key => key.KeepUntil < least ? key with { KeepUntil = least } : key)
                .FindAll(key => key.KeepUntil > now);
        }
    }
}
