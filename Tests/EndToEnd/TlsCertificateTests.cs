using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What <c>listen.tls</c> shows: the certificate with those that signed it, as the files have them now.</summary>
public sealed class TlsCertificateTests
{
    [Fact]
    public async Task Those_that_signed_it_are_sent_and_a_live_connection_outlasts_a_new_certificate()
    {
        using var root = TestCertificates.Authority("root");
        using var folder = new TemporaryFolder();
        var secret = new MountedSecret(folder, "tls");
        await secret.Swap(Files(root, "first", withRoot: true));
        await FrontDoor.WriteUsers(folder);
        var config = folder.Write("config.yaml",
            DoorConfiguration.Single("http://127.0.0.1:9",
                extra: "listen: { data: \"https://127.0.0.1:0\", tls: { certificate: tls/tls.crt, key: tls/tls.key } }"));
        await using var door = ChildProcess.Start(
            "dotnet", [FrontDoor.Dll, "--config", config, "--listen-data", "https://127.0.0.1:0", "--listen-admin", "http://127.0.0.1:0"]);
        var url = new Uri(
            await door.Line(line => line.StartsWith("data listening on ", StringComparison.Ordinal) ? line[18..].Trim() : null));

        var (live, shown) = await Open(url, root);
        Assert.Equal(["CN=first", "CN=first-signer"], shown);
        await secret.Swap(Files(root, "second", withRoot: false));
        await Eventually.True(async () =>
        {
            var (next, names) = await Open(url, root);
            await next.DisposeAsync();
            return names is ["CN=second", "CN=second-signer"];
        }, "the new certificate is shown with the one that signed it");
        foreach (var _ in Enumerable.Range(0, 3))
        {
            await live.WriteAsync("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
            var answer = new StringBuilder();
            var buffer = new byte[2000];
            while (!answer.ToString().EndsWith("0\r\n\r\n", StringComparison.Ordinal))
            {
                var read = await live.ReadAsync(buffer);
                Assert.True(read > 0, $"the connection ended after {answer}");
                answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
            }

            Assert.StartsWith("HTTP/1.1 200", answer.ToString());
        }

        await live.DisposeAsync();
    }

    /// <summary>A connection of a client that knows the root alone, and the names that it was shown.</summary>
    private static async Task<(SslStream Stream, string[] Shown)> Open(Uri url, X509Certificate2 root)
    {
        string[] shown = [];
        var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", url.Port);
        var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { root }, RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            },
            RemoteCertificateValidationCallback = (_, certificate, chain, problems) =>
            {
                var own = certificate!.Subject;
                shown = [own, .. chain!.ChainPolicy.ExtraStore.Select(one => one.Subject).Where(one => one != own)];
                return problems == SslPolicyErrors.None;
            },
        });
        return (tls, shown);
    }

    private static (string File, string Text)[] Files(X509Certificate2 root, string name, bool withRoot)
    {
        using var signer = root.Signer($"{name}-signer");
        var (own, ownKey) = signer.Issue(name, "localhost");
        string[] chain = [own, signer.ExportCertificatePem(), withRoot ? root.ExportCertificatePem() : ""];
        return [("tls.key", ownKey), ("tls.crt", string.Join('\n', chain))];
    }
}
