using System.Globalization;
using System.Text;

namespace RegistryProxy.Tests.Support.Wire;

/// <summary>Reads one answer after the other from a connection, by their Content-Length, byte for byte.</summary>
internal sealed class AnswerReader(Stream stream) : IAsyncDisposable
{
    private readonly BufferedStream _stream = new(stream, 64 * 1024);

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    public async Task<(int Status, byte[] Body)> Read()
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (head.Length < 4 || head.ToString(head.Length - 4, 4) != "\r\n\r\n")
        {
            await _stream.ReadExactlyAsync(one);
            head.Append((char)one[0]);
        }

        var lines = head.ToString().Split("\r\n");
        Assert.StartsWith("HTTP/1.1 ", lines[0]);
        var length = int.Parse(lines.Single(
            line => line.StartsWith("Content-Length: ", StringComparison.Ordinal))["Content-Length: ".Length..],
                CultureInfo.InvariantCulture);
        var body = new byte[length];
        await _stream.ReadExactlyAsync(body);
        return (int.Parse(lines[0].AsSpan(9, 3), CultureInfo.InvariantCulture), body);
    }
}
