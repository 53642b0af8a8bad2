namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// The code that a person types for a device. One that begins with <c>A</c> is of a device that asked for the administration of the tenant
/// when it began: the page says so before anybody confirms it, and no other code gets that by being asked for later.
/// </summary>
public static class DeviceUserCode
{
    /// <summary>The first letter of such a code; no other code has it.</summary>
    public const char Administration = 'A';

    /// <summary>Whether a code is of such a device.</summary>
    public static bool Administers(string userCode) => userCode.StartsWith(Administration);
}
