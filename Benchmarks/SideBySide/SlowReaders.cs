using System.Net.Sockets;
using System.Text;

namespace RegistryProxy.Benchmarks.SideBySide;

/// <summary>Many clients of one cached blob that take a little of it now and then: what their connections cost of memory.</summary>
internal static class SlowReaders
{
    private const int Rounds = 10;
    private const int BytesEach = 100_000;

    /// <summary>Kilobytes of resident memory for each of them, at the most.</summary>
    public static async Task<Sample> Measure(Peer peer, UpstreamRegistry upstream, ComparisonOptions options)
    {
        var authorization = await peer.Authorization();
        var before = peer.Process.ResidentMegabytes();
        List<TcpClient> clients = [];
        try
        {
            for (var i = 0; i < options.SlowReaders; i++)
            {
                clients.Add(await Open(peer, upstream.BlobPath, authorization));
            }

            var peak = before;
            var buffer = new byte[BytesEach];
            for (var round = 0; round < Rounds; round++)
            {
                foreach (var client in clients)
                {
                    await client.GetStream().ReadExactlyAsync(buffer);
                }

                peak = Math.Max(peak, peer.Process.ResidentMegabytes());
            }

            return new Sample((peak - before) * 1000 / options.SlowReaders, options.SlowReaders);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    private static async Task<TcpClient> Open(Peer peer, string path, string? authorization)
    {
        var url = new Uri(peer.Url);
        var client = new TcpClient { ReceiveBufferSize = 16 * 1024 };
        await client.ConnectAsync(url.Host, url.Port);
        var head = $"GET {path} HTTP/1.1\r\nHost: {url.Authority}\r\n{(authorization is null ? "" : authorization + "\r\n")}\r\n";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
        return client;
    }
}
