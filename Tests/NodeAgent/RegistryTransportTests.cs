using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>A front door behind a name with several addresses.</summary>
public sealed class RegistryTransportTests
{
    [Fact]
    public async Task A_gateway_that_is_gone_without_a_word_keeps_no_node_from_the_others()
    {
        await using var good = await RecordingUpstream.Start(context => context.Response.WriteAsync("here"));
        var port = new Uri(good.Url).Port;
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), port));
        silent.Listen(0);
        using var filling = new Filling((IPEndPoint)silent.LocalEndPoint!);
        using var http = new HttpClient(
            RegistryTransport.Create(null, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.2"), IPAddress.Loopback])));
        Assert.Equal("here", await http.GetStringAsync(new Uri($"http://door.example:{port}/"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_authority_that_is_renewed_counts_without_a_restart_and_one_that_cannot_be_used_leaves_the_former()
    {
        using var folder = new TemporaryFolder();
        using var first = TestCertificates.ForLocalhost("first");
        using var second = TestCertificates.ForLocalhost("second");
        await using var server = await PrivateRegistry.Start(first.Pem(), _ => Task.CompletedTask);
        var file = folder.Write("ca.crt", first.ExportCertificatePem());
        using var http = new HttpMessageInvoker(RegistryTransport.Create(file));
        async Task<HttpStatusCode> Ask()
        {
            // Each over a connection of its own: what was shaken hands upon is not asked about again.
            using var request = new HttpRequestMessage(HttpMethod.Get, server.Url) { Headers = { ConnectionClose = true } };
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }

        Assert.Equal(HttpStatusCode.OK, await Ask());
        folder.Write("ca.crt", "nothing");
        Assert.Equal(HttpStatusCode.OK, await Ask());
        server.Show(second.Pem());
        await Assert.ThrowsAsync<HttpRequestException>(Ask);
        folder.Write("ca.crt", second.ExportCertificatePem());
        Assert.Equal(HttpStatusCode.OK, await Ask());
    }

    /// <summary>Connections that a listener has not taken: it says nothing to any other one.</summary>
    private sealed class Filling : IDisposable
    {
        private readonly List<Socket> _sockets = [];

        public Filling(IPEndPoint end)
        {
            for (var i = 0; i < 4; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                _sockets.Add(socket);
                _ = socket.ConnectAsync(end).ContinueWith(task => task.Exception, TaskScheduler.Default);
            }
        }

        public void Dispose() => _sockets.ForEach(socket => socket.Dispose());
    }
}
