using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Files;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading;

/// <summary>Reads the configuration file strictly: an unknown key is an error, and every error is found in one run.</summary>
public static class ConfigurationFile
{
    /// <summary>The largest file, in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Reads a file; a missing or unreadable one is an error like the others.</summary>
    public static ConfigurationResult Read(string path, ConfigurationPart part = ConfigurationPart.Whole)
    {
        string text;
        try
        {
            text = BoundedFile.ReadText(path, MaxBytes);
        }
        catch (IOException fault)
        {
            return new ConfigurationResult(null, [new ConfigurationError(path, 1, "", fault.Message)]);
        }

        return Parse(text, path, part);
    }

    /// <summary>Reads a text as if it stood in the file <paramref name="path"/>; relative paths begin at its folder.</summary>
    public static ConfigurationResult Parse(string text, string path, ConfigurationPart part = ConfigurationPart.Whole)
    {
        var errors = new ErrorList(path);
        var context = new ReadingContext(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/");
        var configuration = YamlFile.Read(text, errors, map => Read(map, context, part));
        return configuration is not null && errors.IsEmpty
            ? new ConfigurationResult(
                new ConfigurationSnapshot(configuration, VersionOf(text)) { Text = new Secret(text) }, []) { Warnings = errors.Warnings }
            : new ConfigurationResult(null, errors.Sorted) { Warnings = errors.Warnings };
    }

    private static FrontDoorConfiguration Read(Section map, ReadingContext context, ConfigurationPart part)
    {
        var host = ReadHost(map, context);
        if (part == ConfigurationPart.Gateway)
        {
            map.Know("state", "tokens", "egress", "upstreams", "authenticators", "tenants");
        }
        else
        {
            host = host with { State = StateReader.Read(map["state"], context) };
            ClusterReader.RequireForCluster(map, host.Cluster, host.State);
            host = ReadShared(map, host, context);
        }

        map.RefuseOthers();
        return host;
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
            Admin = HostReader.Admin(map["admin"], listen, context),
            Audit = ClusterReader.Audit(map["audit"], context),
            Cache = CacheReader.Read(map["cache"], context),
        };
        HostReader.RequireForPeer(map["listen"], host);
        return host;
    }

    /// <summary>What the whole cluster has in common: <see cref="SharedSections"/>.</summary>
    private static FrontDoorConfiguration ReadShared(Section map, FrontDoorConfiguration host, ReadingContext context)
    {
        var known = host with
        {
            Tokens = HostReader.Tokens(map["tokens"]),
            Egress = EgressReader.Read(map["egress"], context),
            Upstreams = All(map["upstreams"], (name, field) => UpstreamReader.Read(name, field, context)),
            Authenticators = All(map["authenticators"], (name, field) => AuthenticatorReader.Read(name, field, context)),
        };
        UpstreamReader.RequireMutualSharing(map["upstreams"], known.Upstreams);
        var tenants = map["tenants"];
        var configuration = known with { Tenants = All(tenants, (name, field) => TenantReader.Read(name, field, known)) };
        TenantReader.RefuseSharedHosts(tenants, configuration.Tenants.Values);
        if (!tenants.Entries().Any())
        {
            tenants.Fail("at least one tenant is required");
        }

        if (tenants.Errors.IsEmpty)
        {
            UpstreamDoubts.Tell(map["upstreams"], configuration);
            new TenantDoubts(configuration).Tell(tenants);
        }

        return configuration;
    }

    private static Dictionary<string, T> All<T>(Field field, Func<string, Field, T?> read)
        where T : class
    {
        Dictionary<string, T> all = [];
        foreach (var (name, entry) in field.Entries())
        {
            if (read(name, entry) is { } value)
            {
                all[name] = value;
            }
        }

        return all;
    }

    private static string VersionOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];
}
