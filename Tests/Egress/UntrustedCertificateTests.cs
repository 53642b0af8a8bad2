using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Egress;

/// <summary>A certificate that is not trusted is named, with its reason and whose it is.</summary>
public sealed class UntrustedCertificateTests
{
    [Theory]
    [InlineData("127.0.0.1", "its authority is not known here: it is self-signed")]
    [InlineData("localhost", "it is for another host")]
    public async Task It_is_said_why_it_is_not_trusted(string host, string reason)
    {
        using var certificate = TestCertificates.For("registry", "another.example");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var served = Serve(listener, certificate);
        using var http = new HttpMessageInvoker(UpstreamTransport.Create(allowPrivate: true));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{host}:{((IPEndPoint)listener.LocalEndpoint).Port}/v2/");
        var fault = await Assert.ThrowsAsync<HttpRequestException>(() => http.SendAsync(request, default));
        await served;
        var failure = UpstreamFaults.From("up", fault);
        Assert.True(failure.IsLasting);
        Assert.Contains(reason, failure.Message);
        Assert.Contains($"{reason} (subject 'CN=", failure.Message);
        var answer = UpstreamErrors.Unanswered(
            new Upstream(new UpstreamSnapshot { Name = "up", Url = new Uri("https://registry.example") }, []), fault);
        Assert.Contains($"{reason} (subject 'CN=", answer.Message);
        Assert.Equal((502, "UNAVAILABLE", null), (answer.Status, answer.Code, answer.RetryAfterSeconds));
    }

    private static async Task Serve(TcpListener listener, X509Certificate2 certificate)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(certificate);
            _ = await tls.ReadAsync(new byte[1]);
        }
        catch (Exception fault) when (fault is IOException or System.Security.Authentication.AuthenticationException)
        {
            // The client leaves when it has seen the certificate.
        }
    }
}
