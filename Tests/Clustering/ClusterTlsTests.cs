using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Clustering;

/// <summary>Mutual TLS between silos and gateways: members alone get through, and new certificates need no restart.</summary>
[Collection(AloneCollection.Name)]
public sealed class ClusterTlsTests(Lab lab)
{
    [Fact]
    public async Task Members_get_through_strangers_do_not_and_certificates_are_read_again()
    {
        using var folder = new TemporaryFolder();
        using var authority = TestCertificates.Authority("cluster");
        using var next = TestCertificates.Authority("cluster of next year");
        using var stranger = TestCertificates.Authority("stranger");
        var extra = Write(folder, "member", authority.Issue("member"), authority);
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 1, gateways: 1, extra);
        var silo = await cluster.StartSilo();
        await silo.Ready();

        var foreign = await cluster.StartGateway(Write(folder, "foreign", stranger.Issue("member"), authority));
        var plain = await cluster.StartGateway("");
        var early = await cluster.StartGateway(Write(folder, "early", next.Issue("member"), authority));
        await Eventually.True(() => silo.Process.Output.Contains("Authentication failed"), "the silo refuses somebody");
        await GetsNothing(await GatewayPort(cluster));
        Assert.All(
            await Task.WhenAll(foreign.ReadyStatus(), plain.ReadyStatus(), early.ReadyStatus()),
            status => Assert.Equal(HttpStatusCode.ServiceUnavailable, status.Status));

        // The files of all members are the same here: the new authority counts from now on, without a restart.
        await File.AppendAllTextAsync(folder.File("member.ca"), "\n" + next.ExportCertificatePem());
        await early.Ready();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await foreign.ReadyStatus()).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await plain.ReadyStatus()).Status);
    }

    /// <summary>A connection without TLS is closed without an answer of Orleans.</summary>
    private static async Task GetsNothing(int port)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, port);
        await socket.GetStream().WriteAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray());
        var answer = new byte[100];
        int read;
        try
        {
            read = await socket.GetStream().ReadAsync(answer).AsTask().WaitAsync(TimeSpan.FromSeconds(15));
        }
        catch (IOException)
        {
            read = 0;
        }

        Assert.True(read is 0 or 7, $"{read} bytes, more than the alert of TLS");
    }

    private static async Task<int> GatewayPort(DoorCluster cluster)
    {
        var rows = await cluster.Redis.With((database, _) => database.HashGetAllAsync("registryproxy/members/default"));
        var row = rows.First(row => row.Name != "Version").Value.ToString();
        return int.Parse(row.Split("\"ProxyPort\":")[1].Split(',')[0]);
    }

    private static string Write(TemporaryFolder folder, string name, (string Certificate, string Key) own, X509Certificate2 authority) =>
        $$""", tls: { certificate: "{{folder.Write($"{name}.crt", own.Certificate)}}", key: "{{folder.Write($"{name}.key", own.Key)}}", ca: "{{folder.Write($"{name}.ca", authority.ExportCertificatePem())}}" }""";
}
