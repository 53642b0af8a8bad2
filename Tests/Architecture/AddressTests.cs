using System.Text.RegularExpressions;

namespace RegistryProxy.Tests.Architecture;

/// <summary>
/// Addresses that requests go to are made by <c>HttpOrigin.At</c>, and what servers send is read by <c>UriReference</c>: nobody else puts
/// an address together, so that none can be checked as one thing and sent as another.
/// </summary>
public sealed partial class AddressTests
{
    private static readonly string Root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;

    private static readonly string[] Projects = ["Protocol", "Egress", "Grains", "Grains.Interfaces", "Gateway", "Silo", "Standalone",
        "ServiceDefaults", "NodeAgent"];

    /// <summary>What else makes a <see cref="Uri"/>, and of what.</summary>
    private static readonly Dictionary<string, string> Known = new()
    {
        ["Protocol/Requests/HttpOrigin.cs"] = "the one function",
        ["Protocol/Requests/UriReference.cs"] = "scheme and authority alone, to get their origin",
        ["Egress/EnvironmentProxy.cs"] = "the proxy of the environment",
        ["Gateway/Tenants/Tenant.cs"] = "this server's own address, from the configuration",
        ["Gateway/Peers/LocalPeer.cs"] = "this gateway's own address, from a socket",
        ["Gateway/Upstreams/ForwardTransformer.cs"] = "takes Upstream.At",
        ["Gateway/Upstreams/UpstreamClient.cs"] = "takes Upstream.At",
        ["Grains/Authenticators/AuthenticatorFactory.cs"] = "an issuer of the configuration, to get its origin",
        ["Grains/Upstreams/TokenServices/RealmPolicy.cs"] = "parses to judge; requests are made of its parts",
        ["Grains/Upstreams/Credentials/Clouds/AwsMachine.cs"] = "an address of the environment, to get its origin",
        ["Grains/Upstreams/Credentials/Clouds/CloudDetour.cs"] = "takes HttpOrigin.At",
        ["Grains/Upstreams/Credentials/Clouds/GoogleKeyFile.cs"] = "judges what an operator's file names",
        ["Grains/Upstreams/Credentials/Clouds/EntraPrincipal.cs"] = "an authority of the configuration, for a library",
        ["Grains/Upstreams/Credentials/Clouds/MetadataAddresses.cs"] = "reads an IP address of the environment",
        ["Grains/Identity/Aws/AwsStsAuthenticator.cs"] = "a host of a strict grammar, to get its origin",
        ["Grains/Identity/Issuers/IssuerDocuments.cs"] = "parses to judge; the address is made of its parts",
        ["Grains/Identity/Issuers/CodeFlow.cs"] = "where the browser goes",
        ["NodeAgent/Identity/CiIdentity.cs"] = "an address of the environment",
        ["NodeAgent/Images/Cri/CriCall.cs"] = "one of two paths of the code, at the socket",
        ["NodeAgent/Installation/Records/FirstRecord.cs"] = "stands for a mirror that is only taken out",
        ["NodeAgent/ApiServer/KubernetesApi.cs"] = "the API server, from the environment or the settings; names in its paths were checked",
        ["NodeAgent/Mirror/MirrorTransformer.cs"] = "takes HttpOrigin.At",
        ["NodeAgent/Settings/SettingFields.cs"] = "the settings",
        ["NodeAgent/Settings/SettingsFile.cs"] = "defaults of the settings",
        ["NodeAgent/Control/CredentialLookup.cs"] = "a constant",
        ["ServiceDefaults/Listening/ListenerAnnouncement.cs"] = "this server's own address",
        ["ServiceDefaults/Admin/AdminGate.cs"] = "an Origin header, to compare",
        ["ServiceDefaults/Commands/HostCommand.cs"] = "an address of the command line, to listen on",
    };

    [Fact]
    public void Only_one_function_makes_the_addresses_of_requests()
    {
        var makers = Projects
            .SelectMany(project => Directory.EnumerateFiles(Path.Combine(Root, project), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/") && !file.Contains("/bin/") && Maker().IsMatch(File.ReadAllText(file)))
            .Select(file => Path.GetRelativePath(Root, file));
        Assert.Equal(Known.Keys.Order(StringComparer.Ordinal), makers.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"\bnew Uri\(|\bUriBuilder\b|\bUri\.TryCreate\(|\.RequestUri = |\bnew\(upstream\.Url")]
    private static partial Regex Maker();
}
