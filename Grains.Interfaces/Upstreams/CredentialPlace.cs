namespace RegistryProxy.Grains.Interfaces;

/// <summary>Where the credential of an upstream stands in the configuration.</summary>
public static class CredentialPlace
{
    /// <summary>The key; one of a tenant's own upstream, whose name has both, is in the part of the tenant.</summary>
    /// <param name="upstream">The name of the upstream.</param>
    public static string Of(string upstream) => upstream.Split('/', 2) is [var tenant, var own]
        ? $"define.upstreams.{own}.credentials of tenant {tenant}" : $"upstreams.{upstream}.credentials";
}
