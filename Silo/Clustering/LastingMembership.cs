namespace RegistryProxy.Silo.Clustering;

/// <summary>Puts <see cref="LastingMembershipTable"/> around the membership table that was registered last.</summary>
internal static class LastingMembership
{
    public static void UseLastingMembership(this ISiloBuilder silo)
    {
        var table = silo.Services.Last(service => service.ServiceType == typeof(IMembershipTable));
        silo.Services.Remove(table);
        silo.Services.AddSingleton<IMembershipTable>(services =>
            ActivatorUtilities.CreateInstance<LastingMembershipTable>(services, Create(table, services)));
    }

    private static IMembershipTable Create(ServiceDescriptor table, IServiceProvider services) => (IMembershipTable)(
        table.ImplementationFactory?.Invoke(services) ?? ActivatorUtilities.CreateInstance(services, table.ImplementationType!));
}
