using System.Net;
using System.Text.RegularExpressions;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary><c>revision</c>, <c>cluster</c> and <c>audit</c>.</summary>
internal static partial class ClusterReader
{
    public static ClusterConfiguration Cluster(Field field, ReadingContext context)
    {
        var otherwise = new ClusterConfiguration();
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return otherwise;
        }

        var provider = Provider(map["provider"]);
        var cluster = new ClusterConfiguration
        {
            Provider = provider,
            ServiceId = Name(map["serviceId"], provider) ?? otherwise.ServiceId,
            ClusterId = Name(map["clusterId"], provider) ?? otherwise.ClusterId,
            SiloPort = (int)map["siloPort"].Number(otherwise.SiloPort, 0, 65535),
            GatewayPort = (int)map["gatewayPort"].Number(otherwise.GatewayPort, 0, 65535),
            Advertise = Ip(map["advertise"]),
            Redis = RedisReader.Read(map["redis"], provider == ClusterProvider.Redis, context),
            Kubernetes = Kubernetes(map["kubernetes"], context),
            Tls = Tls(map["tls"], context),
            MaxStale = map["maxStale"].Duration(otherwise.MaxStale, TimeSpan.Zero, TimeSpan.FromDays(1)),
        };
        map.RefuseOthers();
        return cluster;
    }

    /// <summary>What a cluster of several processes cannot do without.</summary>
    public static void RequireForCluster(Section top, ClusterConfiguration cluster, StateConfiguration state)
    {
        if (cluster.Provider == ClusterProvider.Localhost)
        {
            return;
        }

        switch (state.Provider)
        {
            case StateProvider.File:
                top["state"].Fail("file state is for one process; a cluster needs the provider redis, or memory with volatile: true");
                break;
            case StateProvider.Memory when !state.Volatile:
                top["state"].Fail(
                    "a cluster on memory state loses keys, sessions and revocations with the silo that has them: use the provider redis, " +
                    "or say volatile: true");
                break;
        }
    }

    private static ClusterProvider Provider(Field field) => field.Choice(
        ClusterProvider.Localhost, ("localhost", ClusterProvider.Localhost), ("redis", ClusterProvider.Redis), ("kubernetes",
            ClusterProvider.Kubernetes));

    private static string? Name(Field field, ClusterProvider provider)
    {
        var name = field.Text();
        if (name is not null && !(provider == ClusterProvider.Kubernetes ? KubernetesName() : AnyName()).IsMatch(name))
        {
            field.Fail($"'{name}' must be 1 to 63 letters, digits, dots, dashes and underscores; for kubernetes 1 to 40 lower-case " +
                $"letters, digits and dashes");
        }

        return name;
    }

    private static IPAddress? Ip(Field field)
    {
        if (field.Text() is not { } text)
        {
            return null;
        }

        if (IPAddress.TryParse(text, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
        {
            return address;
        }

        field.Fail($"'{text}' must be the IP address under which other processes reach this silo");
        return null;
    }

    private static KubernetesApiConfiguration Kubernetes(Field field, ReadingContext context)
    {
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return new KubernetesApiConfiguration();
        }

        var (server, token, ca) = (map["server"], map["tokenFile"], map["ca"]);
        var kubernetes = new KubernetesApiConfiguration
        {
            Namespace = map["namespace"].Text(),
            Server = server.Origin(),
            TokenFile = token.Text() is not null ? context.Absolute(token) : null,
            Ca = PemReader.OptionalFile(ca, context),
            WatchPods = map["watchPods"].Flag(false),
        };
        map.RefuseOthers();
        return kubernetes;
    }

    private static ClusterTlsConfiguration? Tls(Field field, ReadingContext context)
    {
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return null;
        }

        var (certificate, key) = PemReader.Pair(map["certificate"], map["key"], context);
        var ca = PemReader.Required(map["ca"], context);
        map.RefuseOthers();
        return new ClusterTlsConfiguration(certificate, key, ca);
    }

    [GeneratedRegex("^[A-Za-z0-9._-]{1,63}$", RegexOptions.NonBacktracking)]
    private static partial Regex AnyName();

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", RegexOptions.NonBacktracking)]
    private static partial Regex KubernetesName();

    private const string StandardOutput = "stdout";
    private const string StandardError = "stderr";

    public static AuditConfiguration Audit(Field field, ReadingContext context)
    {
        var otherwise = new AuditConfiguration();
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return otherwise;
        }

        var file = map["file"].IsPresent ? map["file"].RequiredText() : null;
        var audit = new AuditConfiguration
        {
            File = file is null or StandardOutput or StandardError ? null : context.Absolute(map["file"]),
            ToStandardError = file == StandardError,
            MaxBytes = map["maxBytes"].Size(otherwise.MaxBytes),
            Keep = (int)map["keep"].Number(otherwise.Keep, 1, 1000),
        };
        map.RefuseOthers();
        if (audit.File is { } path)
        {
            ReadingContext.DoubtFile(map["file"], path);
        }

        return audit;
    }
}
