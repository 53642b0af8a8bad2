using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Clustering;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Clustering;

/// <summary>Mutual TLS between silos and gateways: members alone get through, and new certificates need no restart.</summary>
public sealed class ClusterTlsTests(Lab lab)
{
    [Fact]
    public async Task Members_get_through_strangers_do_not_and_certificates_are_read_again()
    {
        using var folder = new TemporaryFolder();
        using var authority = TestCertificates.Authority("cluster");
        using var next = TestCertificates.Authority("cluster of next year");
        using var stranger = TestCertificates.Authority("stranger");
        var (member, first) = (new MountedSecret(folder, "member"), authority.Issue("member"));
        await member.Swap(Files(first, authority));
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 2, gateways: 1, Section(member));
        var silo = cluster.Silos.First();
        var port = await GatewayPort(cluster);
        Assert.Equal("CN=cluster", await PresentedIssuer(port));

        var foreign = await cluster.StartGateway(Section(await Mount(folder, "foreign", stranger.Issue("member"), authority)));
        var plain = await cluster.StartGateway("");
        var early = await cluster.StartGateway(Section(await Mount(folder, "early", next.Issue("member"), authority, next)));
        await Eventually.True(() => silo.Process.Output.Contains("Authentication failed"), "the silo refuses somebody");
        await GetsNothing(port);
        Assert.All(
            await Task.WhenAll(foreign.ReadyStatus(), plain.ReadyStatus(), early.ReadyStatus()),
            status => Assert.Equal(HttpStatusCode.ServiceUnavailable, status.Status));

        // The files of all members are the same here: the new authority counts from now on, without a restart.
        await member.Swap(Files(first, authority, next));
        await early.Ready();

        // And so does a new certificate: who comes now is shown it, and shows it.
        await member.Swap(Files(next.Issue("member"), next));
        await Eventually.True(async () => await PresentedIssuer(port) == "CN=cluster of next year", "the new certificate is presented");
        await (await cluster.StartGateway()).Ready();
        await (await cluster.StartSilo()).Ready();
        Assert.Equal(3, await cluster.Members());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await foreign.ReadyStatus()).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await plain.ReadyStatus()).Status);
    }

    /// <summary>Members know the root alone, as cert-manager writes it: both ends of a connection show what lies between.</summary>
    [Fact]
    public async Task Certificates_of_an_intermediate_authority_are_of_members()
    {
        using var folder = new TemporaryFolder();
        using var root = TestCertificates.Authority("root");
        using var signer = root.Signer("signer");
        var (own, key) = signer.Issue("member");
        var member = await Mount(folder, "member", ($"{own}\n{signer.ExportCertificatePem()}", key), root);
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 2, gateways: 1, Section(member));
        await (await cluster.StartGateway()).Ready();
        Assert.Equal(2, await cluster.Members());
    }

    /// <summary>The same between gateways, which read blobs from each other by HTTP/2.</summary>
    [Fact]
    public async Task An_HTTP_client_and_a_listener_of_members_show_each_other_the_whole_chain()
    {
        using var folder = new TemporaryFolder();
        using var root = TestCertificates.Authority("root");
        using var signer = root.Signer("signer");
        var (own, key) = signer.Issue("member");
        var members = new MemberCertificates(
            new ClusterTlsConfiguration(
                folder.Write("tls.crt", $"{own}\n{signer.ExportCertificatePem()}"), folder.Write("tls.key", key),
                folder.Write("ca.crt", root.ExportCertificatePem())),
            TimeProvider.System);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var http = new HttpClient(new SocketsHttpHandler { ConnectCallback = members.Connect });
        using var ended = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{listener.LocalEndpoint}/")
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var answer = http.SendAsync(request, ended.Token);
        using var accepted = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(accepted.GetStream());
        await tls.AuthenticateAsServerAsync(members.ForListener());
        Assert.True(tls.IsMutuallyAuthenticated);
        Assert.Equal(SslApplicationProtocol.Http2, tls.NegotiatedApplicationProtocol);
        var preface = new byte[24];
        await tls.ReadExactlyAsync(preface).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), preface);
        await ended.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
    }

    /// <summary>Who issued what the silo shows, to anybody who asks.</summary>
    private static async Task<string> PresentedIssuer(int port)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var issuer = "";
        await using var tls = new SslStream(socket.GetStream(), false, (_, certificate, _, _) =>
        {
            issuer = certificate?.Issuer ?? "";
            return false;
        });
        await Assert.ThrowsAsync<AuthenticationException>(() => tls.AuthenticateAsClientAsync("registryproxy-member"));
        return issuer;
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

    private static async Task<MountedSecret> Mount(
        TemporaryFolder folder, string name, (string Certificate, string Key) own, params X509Certificate2[] authorities)
    {
        var secret = new MountedSecret(folder, name);
        await secret.Swap(Files(own, authorities));
        return secret;
    }

    private static (string File, string Text)[] Files((string Certificate, string Key) own, params X509Certificate2[] authorities) =>
        [("tls.crt", own.Certificate), ("tls.key", own.Key),
            ("ca.crt", string.Join('\n', authorities.Select(authority => authority.ExportCertificatePem())))];

    private static string Section(MountedSecret secret) =>
        $$""", tls: { certificate: "{{secret.File("tls.crt")}}", key: "{{secret.File("tls.key")}}", ca: "{{secret.File("ca.crt")}}" }""";
}
