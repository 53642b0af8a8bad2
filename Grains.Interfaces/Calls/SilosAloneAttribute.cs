namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// Calls that silos alone may make: of other clients, which are gateways, a call filter refuses them. On a method, or on an interface for
/// all of its methods.
/// </summary>
[AttributeUsage(AttributeTargets.Interface | AttributeTargets.Method)]
public sealed class SilosAloneAttribute : Attribute
{
    /// <summary>
    /// Whether a silo has to prove itself with each call, by what no gateway knows, because it serves operators: then a gateway in the
    /// process of a silo cannot make it either.
    /// </summary>
    public bool WantsPass { get; init; }
}
