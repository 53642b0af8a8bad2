using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>A limit as it is configured, and the rate of a gateway that keeps it alone.</summary>
internal sealed class PermitTerms
{
    public PermitTerms(double most, bool isAlone, bool arePlaces, TimeProvider time)
    {
        (Most, IsAlone, Depth) = (most, isAlone, LimitSharing.DepthOf(most, arePlaces));
        Gate = new RateGate(time, TimeSpan.FromSeconds(Depth / most));
    }

    /// <summary>The limit of the cluster, in places or units per second.</summary>
    public double Most { get; }

    /// <summary>Whether there is one gateway.</summary>
    public bool IsAlone { get; }

    /// <summary>What may be used at once.</summary>
    public double Depth { get; }

    /// <summary>The rate of a gateway that is alone.</summary>
    public RateGate Gate { get; }
}
