using System.Net;
using System.Net.Sockets;
using RegistryProxy.Egress;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Egress;

/// <summary>What is said of real failures of real connections.</summary>
public sealed class ExchangeFaultTests
{
    [Theory]
    [InlineData("", "closed")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", "http")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "closed")]
    public async Task A_server_that_says_something_else(string said, string kind)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var answering = Answer(server, said);
        Assert.Equal(kind, (await Fault($"http://{server.LocalEndpoint}/v2/")).Kind);
        server.Stop();
        await answering;
    }

    [Fact]
    public async Task Nobody_there_no_such_name_and_no_tls()
    {
        Assert.Equal(("connect", "connection refused"), Said(await Fault($"http://127.0.0.1:{FreePort.Next()}/v2/")));
        Assert.Equal(("name", "its name does not resolve"), Said(await Fault("http://no-such-host.invalid/v2/")));
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var answering = Answer(server, "HTTP/1.1 400 Bad Request\r\n\r\n");
        var fault = await Fault($"https://{server.LocalEndpoint}/v2/");
        server.Stop();
        await answering;
        Assert.Equal("tls", fault.Kind);
        Assert.StartsWith("TLS fails: ", fault.Reason);
        Assert.DoesNotContain("127.0.0.1", fault.Reason);
    }

    [Fact]
    public void Time_and_addresses()
    {
        Assert.Equal(ExchangeFault.Late, ExchangeFault.Of(new HttpRequestException("x", new TimeoutException())));
        Assert.Equal("connect", ExchangeFault.Of(
            new HttpRequestException("x", new SocketException((int)SocketError.HostUnreachable))).Kind);
        Assert.Equal("closed", ExchangeFault.Of(new InvalidOperationException("never shown")).Kind);
    }

    private static (string Kind, string Reason) Said(ExchangeFault fault) => (fault.Kind, fault.Reason);

    private static async Task<ExchangeFault> Fault(string address)
    {
        using var client = new HttpMessageInvoker(UpstreamTransport.Create(allowPrivate: true));
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        return ExchangeFault.Of(await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        }));
    }

    /// <summary>Answers every connection, since the client may try again on another one.</summary>
    private static async Task Answer(TcpListener server, string said)
    {
        try
        {
            while (true)
            {
                using var connection = await server.AcceptSocketAsync();
                await connection.ReceiveAsync(new byte[4096]);
                await connection.SendAsync(System.Text.Encoding.ASCII.GetBytes(said));
            }
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }
    }
}
