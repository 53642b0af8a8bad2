using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Tenants of which everything is administered.</summary>
public sealed partial class TenantAdministrationOracleTests
{
    private const string Part = """
        authenticators: [staff]
        routes: [{ prefix: "", upstream: local }]
        access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [pull, push] }]
        """;

    /// <summary>The same with parts that are kept in the state.</summary>
    private static string Managed(string upstream) => string.Join('\n', Yaml(upstream).Split('\n')
        .Where(line => !line.Contains("routes:") && !line.Contains("access:"))
        .Select(line => line.Replace("    authenticators: [staff]",
            "    managed: true\n    mayUse: { upstreams: [local], authenticators: [staff] }")));

    private static async Task WriteParts(FrontDoor door)
    {
        foreach (var tenant in Tenants)
        {
            using var part = new PartAdmin(door.AdminUrl, tenant: tenant);
            await part.Write(Part);
        }
    }

    private static async Task<string> RobotsAndParts(FrontDoor door) => string.Join('\n', await Task.WhenAll(
        from tenant in Tenants from what in new[] { "robots", "configuration", "configuration/history" }
        select door.Admin($"/admin/{what}?tenant={tenant}")));
}
