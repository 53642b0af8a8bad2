using Orleans.CodeGeneration;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>Frees an instance from the holder it is bound to, for operators. The key is <c>tenant/authenticator/instance</c>.</summary>
[Version(0), Alias("rp.IAttestationResetGrain"), SilosAlone(WantsPass = true)]
public interface IAttestationResetGrain : IGrainWithStringKey
{
    /// <summary>Forgets the binding; <c>false</c> when there was none.</summary>
    [Alias("Reset")]
    ValueTask<bool> Reset(CancellationToken cancellation = default);
}
