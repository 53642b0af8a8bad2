namespace RegistryProxy.Silo.Clustering;

/// <summary>Puts <see cref="WatchedMembershipTable"/> around the membership table that was registered last.</summary>
internal static class WatchedMembership
{
    public static void UseWatchedMembership(this ISiloBuilder silo)
    {
        var table = silo.Services.Last(service => service.ServiceType == typeof(IMembershipTable));
        silo.Services.Remove(table);
        silo.Services.AddSingleton<IMembershipTable>(services =>
            ActivatorUtilities.CreateInstance<WatchedMembershipTable>(services, Create(table, services)));
    }

    private static IMembershipTable Create(ServiceDescriptor table, IServiceProvider services) => (IMembershipTable)(
        table.ImplementationFactory?.Invoke(services) ?? ActivatorUtilities.CreateInstance(services, table.ImplementationType!));
}
