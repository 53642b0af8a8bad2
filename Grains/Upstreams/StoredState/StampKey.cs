using System.Security.Cryptography;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.StoredState;

/// <summary>
/// The random key of the stamps of one grain, so that what was fetched with a secret is known as such after a restart. Without it that is
/// fetched anew; so it ends with an upstream that is not used any more.
/// </summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.stamp-key")]
internal sealed record StampKey : IExpiringState
{
    /// <summary>How long a key is kept that nobody asks for.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(60);

    private const int Bytes = 32;

    [Id(0)]
    public Secret? Value { get; init; }

    /// <summary>When it was last kept.</summary>
    [Id(1)]
    public DateTimeOffset Kept { get; init; }

    public DateTimeOffset? KeepUntil => Kept + Life;

    /// <summary>The key of a state, made and written when there was none, and written again while it is in use.</summary>
    public static async Task<byte[]> Of(StoredUpstreamState<StampKey> state, DateTimeOffset now)
    {
        var known = state.Value.Value ?? Create();
        if (state.Value.Value is null || now - state.Value.Kept > Life / 2)
        {
            state.Value = new StampKey { Value = known, Kept = now };
            await state.Write();
        }

        return Convert.FromBase64String(known.Reveal());
    }

    public static Secret Create() => new(Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes)));
}
