using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity;

/// <summary>From where a password comes that is to be checked.</summary>
/// <param name="Tenant">The tenant that it is for.</param>
/// <param name="Address">The client's address, or the /48 that it belongs to.</param>
/// <param name="IsKnown">Whether somebody of the tenant has logged in from there of late.</param>
internal readonly record struct PasswordSource(string Tenant, CallerAddress Address, bool IsKnown)
{
    public string Tenant { get => field ?? ""; } = Tenant;
}
