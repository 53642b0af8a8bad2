using RegistryProxy.Configuration.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary><c>revision</c>, <c>cluster</c> and <c>audit</c>.</summary>
internal static class ClusterReader
{
    public static ClusterConfiguration Cluster(Field field)
    {
        var otherwise = new ClusterConfiguration();
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return otherwise;
        }

        var provider = map["provider"];
        switch (provider.Text())
        {
            case null or "localhost":
                break;
            case "redis" or "kubernetes":
                NotSupportedYet.Refuse(provider, $"the provider '{provider.Text()}'");
                break;
            default:
                provider.Fail("must be localhost, redis or kubernetes");
                break;
        }

        NotSupportedYet.Refuse(map["kubernetes"]);
        NotSupportedYet.Refuse(map["tls"]);
        RefuseConnection(map["redis"]);
        var cluster = new ClusterConfiguration
        {
            ServiceId = map["serviceId"].Text() ?? otherwise.ServiceId,
            ClusterId = map["clusterId"].Text() ?? otherwise.ClusterId,
            SiloPort = (int)map["siloPort"].Number(otherwise.SiloPort, 0, 65535),
            GatewayPort = (int)map["gatewayPort"].Number(otherwise.GatewayPort, 0, 65535),
            MaxStale = map["maxStale"].Duration(otherwise.MaxStale, TimeSpan.Zero, TimeSpan.FromDays(1)),
        };
        map.RefuseOthers();
        return cluster;
    }

    public static AuditConfiguration Audit(Field field, ReadingContext context)
    {
        var otherwise = new AuditConfiguration();
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return otherwise;
        }

        var file = map["file"];
        var audit = new AuditConfiguration
        {
            File = file.IsPresent ? context.Absolute(file.RequiredText()) : null,
            MaxBytes = map["maxBytes"].Size(otherwise.MaxBytes),
            Keep = (int)map["keep"].Number(otherwise.Keep, 1, 1000),
        };
        map.RefuseOthers();
        return audit;
    }

    private static void RefuseConnection(Field field)
    {
        if (field.IsPresent && field.Map() is { } map)
        {
            map["connection"].RequiredText();
            map.RefuseOthers();
            NotSupportedYet.Refuse(field);
        }
    }
}
