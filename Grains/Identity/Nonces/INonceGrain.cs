using Orleans.CodeGeneration;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Identity.Nonces;

/// <summary>One nonce that was presented; the key is the nonce. Internal: no client may call it.</summary>
[Version(0), Alias("rp.INonceGrain")]
internal interface INonceGrain : IGrainWithStringKey
{
    /// <summary><c>true</c> for the first who asks, in the whole cluster.</summary>
    [Alias("Redeem")]
    ValueTask<bool> Redeem();
}

/// <summary>Remembers that it was asked, for longer than its nonce counts.</summary>
[GrainType("nonce")]
[CollectionAgeLimit(Minutes = GrainAges.MaxIdle)]
internal sealed class NonceGrain : Grain, INonceGrain
{
    private bool _redeemed;

    public ValueTask<bool> Redeem()
    {
        DelayDeactivation(2 * NonceAuthority.Life);
        var first = !_redeemed;
        _redeemed = true;
        return new(first);
    }
}
