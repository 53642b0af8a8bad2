using System.Globalization;
using RegistryProxy.Grains.Keys;

namespace RegistryProxy.Grains.SiloCalls;

/// <summary>
/// Says that a call to one grain comes from a silo, for a few minutes: sealed with keys of the cluster that no gateway has.
/// </summary>
internal sealed class SiloPass(RoutingSeal seal, TimeProvider time)
{
    /// <summary>Where it is in the context of a request.</summary>
    public const string Entry = "rp.silo";

    private const string Kind = "silo";

    private static readonly TimeSpan Life = TimeSpan.FromMinutes(2);

    /// <summary>A pass for one grain; <c>null</c> while a silo of an older version has the keys.</summary>
    public async ValueTask<string?> Write(GrainId grain)
    {
        var until = (time.GetUtcNow() + Life).ToUnixTimeSeconds();
        return await seal.Write(Kind, NameOf(grain, until)) is { } text ? $"{until}.{text}" : null;
    }

    /// <summary>Whether it is one of this cluster for this grain, and not over.</summary>
    public async ValueTask<bool> IsGood(string? pass, GrainId grain)
    {
        if (pass?.Split('.') is not [var end, var text]
            || !long.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out var until))
        {
            return false;
        }

        // Clocks differ, by less than it lives.
        var now = time.GetUtcNow();
        return until > now.ToUnixTimeSeconds() && until <= (now + Life + Life).ToUnixTimeSeconds()
            && await seal.IsGood(text, Kind, NameOf(grain, until));
    }

    private static string NameOf(GrainId grain, long until) => $"{grain}\0{until}";
}
