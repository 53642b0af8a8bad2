using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary>The sections that only a main file has.</summary>
internal static class HostSections
{
    public static FrontDoorConfiguration Read(Section map, ReadingContext context, ConfigurationPart part)
    {
        var host = ReadHost(map, context);
        if (part == ConfigurationPart.Gateway)
        {
            map.Know("state", "tokens", "egress", "upstreams", "authenticators", "tenants");
            return host;
        }

        host = host with { State = StateReader.Read(map["state"], context) };
        ClusterReader.RequireForCluster(map, host.Cluster, host.State);
        return host with { Tokens = HostReader.Tokens(map["tokens"]), Egress = EgressReader.Read(map["egress"], context) };
    }

    /// <summary>What concerns the host alone.</summary>
    private static FrontDoorConfiguration ReadHost(Section map, ReadingContext context)
    {
        var listen = HostReader.Listen(map["listen"], context);
        var host = new FrontDoorConfiguration
        {
            Listen = listen,
            Revision = map["revision"].Number(1, 1, long.MaxValue),
            Cluster = ClusterReader.Cluster(map["cluster"], context),
            Admin = HostReader.Admin(map["admin"], map["listen"], listen, context),
            Audit = ClusterReader.Audit(map["audit"], context),
            Cache = CacheReader.Read(map["cache"], context),
        };
        HostReader.RequireForPeer(map["listen"], host);
        return host;
    }
}
