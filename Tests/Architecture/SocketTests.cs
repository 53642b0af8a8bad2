using System.Text.RegularExpressions;

namespace RegistryProxy.Tests.Architecture;

/// <summary>
/// What a configuration names is dialled by <c>Background.StaggeredConnection</c> alone, whose addresses Egress vets: who opens a socket
/// otherwise says here where to.
/// </summary>
public sealed partial class SocketTests
{
    private static readonly Dictionary<string, string> Known = new()
    {
        ["Background/StaggeredConnection.cs"] = "the one way out",
        ["Clustering.Kubernetes/Membership/SiloPort.cs"] = "a silo of the cluster",
        ["Gateway/Peers/PeerClient.cs"] = "a gateway of the cluster",
        ["NodeAgent/Identity/Metadata/MetadataService.cs"] = "the metadata service of the node, of the agent's settings",
        ["NodeAgent/Installation/Kubelet/KubeletConfigz.cs"] = "kubelet of the node",
        ["NodeAgent/Serving/ListenerProbe.cs"] = "the agent itself",
        ["NodeAgent/Serving/ServiceNotification.cs"] = "systemd",
        ["NodeAgent/Sessions/RegistryTransport.cs"] = "the front doors of the agent's settings",
        ["NodeAgent/Sockets/SocketFile.cs"] = "a socket of the node",
        ["NodeAgent/Sockets/UnixConnection.cs"] = "a socket of the node",
        ["ServiceDefaults/Clustering/MemberCertificates.cs"] = "a silo or a gateway of the cluster",
        ["ServiceDefaults/Commands/HealthCommand.cs"] = "the process itself",
        ["ServiceDefaults/Listening/ListenerProbe.cs"] = "the process itself",
    };

    [Fact]
    public void Nobody_else_opens_a_socket()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;
        var openers = Directory.EnumerateDirectories(root)
            .Where(project => Path.GetFileName(project) is not ("Tests" or "Benchmarks"))
            .Where(project => Directory.EnumerateFiles(project, "*.csproj").Any())
            .SelectMany(project => Directory.EnumerateFiles(project, "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/") && !file.Contains("/bin/") && Opener().IsMatch(File.ReadAllText(file)))
            .Select(file => Path.GetRelativePath(root, file));
        Assert.Equal(Known.Keys.Order(StringComparer.Ordinal), openers.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(
        @"\bnew (Socket|NetworkStream|TcpClient|UdpClient|SocketsHttpHandler|HttpClientHandler|ClientWebSocket|SmtpClient|" +
        @"LdapConnection)\b|\b(Socket|NetworkStream|TcpClient|UdpClient) \w+ = new\(|\bWebRequest\.Create" +
        @"|\bQuicConnection\.|\bSocket\.ConnectAsync")]
    private static partial Regex Opener();
}
