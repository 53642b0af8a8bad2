using System.Net;
using System.Net.Sockets;
using System.Text;
using RegistryProxy.Egress;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Egress;

/// <summary>An address that a server wrote with octets beyond ASCII is followed by these octets.</summary>
public sealed class HeaderOctetsTests
{
    [Theory]
    [InlineData("Location", "/v2/caf\xc3\xa9?x=\xc3\xa9", "/v2/caf%C3%A9?x=%C3%A9")]
    [InlineData("Location", "/v2/caf\xe9", "/v2/caf%E9")]
    [InlineData("Location", "/v2/\xc3\xa9\xe9", "/v2/%C3%A9%E9")]
    [InlineData("Link", "/v2/caf\xc3\xa9?x=\xe5\x90\x8d", "/v2/caf%C3%A9?x=%E5%90%8D")]
    public async Task Octets_are_encoded_once(string name, string octets, string target)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = Answer(listener, $"HTTP/1.1 202 Accepted\r\n{name}: {octets}\r\nContent-Length: 0\r\n\r\n");
        using var http = new HttpMessageInvoker(UpstreamTransport.Create(allowPrivate: true));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{listener.LocalEndpoint}/");
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        await answering;
        Assert.True(UriReference.TryResolve(response.Headers.NonValidated[name].ToString(), request.RequestUri!, out var reference));
        Assert.Equal(target, reference.Target!.Value.Text);
    }

    private static async Task Answer(TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync();
        var stream = client.GetStream();
        await stream.ReadAtLeastAsync(new byte[1024], 1);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(answer));
    }
}
