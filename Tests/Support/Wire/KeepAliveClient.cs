using System.Globalization;
using System.Text;

namespace RegistryProxy.Tests.Support.Wire;

/// <summary>One connection on which the same request is sent over and over, at little cost.</summary>
internal sealed class KeepAliveClient : IDisposable
{
    private readonly byte[] _request;
    private readonly byte[] _buffer = new byte[64 * 1024];

    private KeepAliveClient(Stream stream, string request) => (Stream, _request) = (stream, Encoding.ASCII.GetBytes(request));

    public static async Task<KeepAliveClient> Open(string url, string target, params string[] headers)
    {
        var address = new Uri(url);
        return new KeepAliveClient(
            await ClientStream.Open(address),
            $"GET {target} HTTP/1.1\r\nHost: {address.Authority}\r\n{string.Concat(headers.Select(header => $"{header}\r\n"))}\r\n");
    }

    public Stream Stream { get; }

    public ValueTask Write() => Stream.WriteAsync(_request);

    /// <summary>Sends the request and reads the whole answer; its status.</summary>
    public async Task<int> Get()
    {
        await Write();
        var (status, missing) = await Head();
        while (missing > 0)
        {
            var read = await Stream.ReadAsync(_buffer);
            Assert.True(read > 0, "the connection ended early");
            missing -= read;
        }

        return status;
    }

    /// <summary>Reads a head; the status, and how much of the body is still to come.</summary>
    private async Task<(int Status, long Missing)> Head()
    {
        var filled = 0;
        while (true)
        {
            var read = await Stream.ReadAsync(_buffer.AsMemory(filled));
            Assert.True(read > 0, "the connection ended early");
            filled += read;
            if (_buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8) is var end and >= 0)
            {
                var head = Encoding.ASCII.GetString(_buffer, 0, end);
                const string Length = "\r\nContent-Length: ";
                var at = head.IndexOf(Length, StringComparison.OrdinalIgnoreCase) + Length.Length;
                var line = head.IndexOf('\r', at);
                return (int.Parse(head.AsSpan(9, 3), CultureInfo.InvariantCulture),
                    long.Parse(head.AsSpan()[at..(line < 0 ? head.Length : line)], CultureInfo.InvariantCulture) - (filled - end - 4));
            }
        }
    }

    public void Dispose() => Stream.Dispose();
}
