using RegistryProxy.Tests.Architecture;

namespace RegistryProxy.Tests.Support.Running;

/// <summary>
/// The classes of tests that need no package, no privilege and no port: neither they nor anything of this assembly which they use,
/// directly or by way of others, starts a process, opens a socket, or runs a host or a cluster.
/// Campaigns, and what wants the machine to itself, are not among them.
/// </summary>
internal static class UnitClasses
{
    private const string Own = "RegistryProxy.Tests.";

    /// <summary>Types of libraries, and of the product, that do.</summary>
    private static readonly string[] Outside =
    [
        "System.Diagnostics.Process", "System.Net.Sockets.Socket", "System.Net.Sockets.TcpListener", "System.Net.Sockets.TcpClient",
        "System.Net.Sockets.UdpClient",
        "System.Net.Sockets.NetworkStream", "System.Net.HttpListener", "Microsoft.AspNetCore.Builder.WebApplication",
        "Microsoft.Extensions.Hosting.Host",
        "Orleans.TestingHost.InProcessTestClusterBuilder", "StackExchange.Redis.ConnectionMultiplexer",
        "RegistryProxy.Standalone.StandaloneApp", "RegistryProxy.Silo.SiloApp", "RegistryProxy.Gateway.GatewayApp",
    ];

    /// <summary>Their full names.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Find().Select(type => type.FullName!).Order(StringComparer.Ordinal)];

    private static IEnumerable<Type> Find()
    {
        var assembly = typeof(UnitClasses).Assembly;
        var references = TypeReferences.Everywhere(assembly).ToLookup(edge => edge.From, edge => edge.To);
        var hungry = references.Where(type => type.Any(Outside.Contains)).Select(type => type.Key).ToHashSet();
        return assembly.GetTypes().Where(type => IsTestClass(type) && !IsLong(type) && !Reaches(type, references, hungry));
    }

    private static bool IsTestClass(Type type) =>
        !type.IsAbstract && type.GetMethods().Any(method => method.IsDefined(typeof(FactAttribute), inherit: true));

    private static bool IsLong(Type type) =>
        type.IsDefined(typeof(CampaignAttribute), false) || type.GetCustomAttributesData().Any(attribute =>
        attribute.AttributeType == typeof(CollectionAttribute) && attribute.ConstructorArguments[0].Value is AloneCollection.Name);

    private static bool Reaches(Type type, ILookup<string, string> references, HashSet<string> hungry)
    {
        HashSet<string> seen = [];
        var waiting = new Queue<string>([Outermost(type).FullName!]);
        while (waiting.TryDequeue(out var next))
        {
            if (hungry.Contains(next))
            {
                return true;
            }

            foreach (var used in references[next].Where(used => used.StartsWith(Own, StringComparison.Ordinal) && seen.Add(used)))
            {
                waiting.Enqueue(used);
            }
        }

        return false;
    }

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;
}
