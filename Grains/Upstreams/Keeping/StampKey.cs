using System.Security.Cryptography;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Keeping;

/// <summary>The random key of the stamps of one grain, so that what was fetched with a secret is known as such after a restart.</summary>
[GenerateSerializer, Alias("rp.stamp-key")]
internal sealed class StampKey
{
    private const int Bytes = 32;

    [Id(0)]
    public Secret? Value { get; set; }

    /// <summary>The key of a state, made and written when there was none.</summary>
    public static async Task<byte[]> Of(KeptState<StampKey> state)
    {
        if (state.Value.Value is not { } known)
        {
            known = Create();
            state.Value = new StampKey { Value = known };
            await state.Write();
        }

        return Convert.FromBase64String(known.Reveal());
    }

    public static Secret Create() => new(Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes)));
}
