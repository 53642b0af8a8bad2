using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>
/// Strangers who send thousands of requests to a front door, beside a user who pulls: its memory stays, each request costs little, and the
/// user is served each time.
/// </summary>
internal sealed class HostileCrowd(FrontDoor door, ITestOutputHelper output)
{
    private const int Connections = 4;
    private const int OfConnection = 250;
    private const long MaxGrowth = 64L * 1024 * 1024;

    /// <summary>How many requests they send.</summary>
    public int Requests { get; init; } = Sizes.Of(3000, 20_000);

    /// <summary>Whether the processor is measured: passwords are checked slowly on purpose.</summary>
    public bool IsCheap { get; init; } = true;

    /// <summary>A request as bytes.</summary>
    public static string Get(FrontDoor door, string target, params string[] headers) =>
        $"GET {target} HTTP/1.1\r\nHost: {door.Authority}\r\n{string.Concat(headers.Select(header => $"{header}\r\n"))}\r\n";

    /// <summary>A form for the token endpoint as bytes.</summary>
    public static string Post(FrontDoor door, string form) =>
        $"POST /token HTTP/1.1\r\nHost: {door.Authority}\r\nContent-Type: " +
        $"application/x-www-form-urlencoded\r\nContent-Length: {form.Length}\r\n\r\n{form}";

    /// <summary>Sends them, and says what is not as it should be.</summary>
    /// <param name="expected">The statuses that are right.</param>
    /// <param name="request">From a number to a request.</param>
    public async Task Flat(int[] expected, Func<int, string> request)
    {
        using var alice = door.Client("alice");
        (await alice.GetManifest("a/b", "v1")).Dispose();
        await Send(expected, request, Enumerable.Range(-200, 200));
        var (before, cpu) = (door.ResidentBytes(), Cpu());
        using var stop = new CancellationTokenSource();
        var pulls = Pull(alice, stop.Token);
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(worker => Task.Run(() => Send(
            expected, request, Enumerable.Range(0, Requests / Connections).Select(i => (i * Connections) + worker)))));
        await stop.CancelAsync();
        var pulled = await pulls;
        var (grown, each) = (door.ResidentBytes() - before, (Cpu() - cpu) / Requests);
        output.WriteLine(
            $"{Requests} requests answered {string.Join('/', expected)}: {grown / 1_000_000:+0;-0} " +
            $"MB, {each.TotalMilliseconds:0.00} ms of processor each, {pulled} pulls of a user beside them");
        Assert.True(grown <= MaxGrowth, $"{grown / 1_000_000} MB");
        Assert.True(!IsCheap || each < TimeSpan.FromMilliseconds(5), $"{each.TotalMilliseconds} ms");
    }

    private TimeSpan Cpu()
    {
        using var process = Process.GetProcessById(door.Pid);
        return process.TotalProcessorTime;
    }

    private static async Task<int> Pull(RegistryClient alice, CancellationToken stop)
    {
        var count = 0;
        while (!stop.IsCancellationRequested)
        {
            using var response = await alice.GetManifest("a/b", "v1");
            Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
            count++;
        }

        return count;
    }

    /// <summary>Sends requests one after the other, on connections that last as long as the door lets them.</summary>
    private async Task Send(int[] expected, Func<int, string> request, IEnumerable<int> numbers)
    {
        TcpClient? client = null;
        var served = 0;
        foreach (var number in numbers)
        {
            var bytes = Encoding.ASCII.GetBytes(request(number));
            int status;
            try
            {
                status = await Ask(client ??= Connect(), bytes);
            }
            catch (IOException) when (served > 0)
            {
                // The door may end a connection between two requests.
                client!.Dispose();
                (client, served) = (Connect(), 0);
                status = await Ask(client, bytes);
            }

            Assert.Contains(status, expected);
            if (++served == OfConnection)
            {
                client.Dispose();
                (client, served) = (null, 0);
            }
        }

        client?.Dispose();
    }

    private TcpClient Connect() => new("127.0.0.1", new Uri(door.DataUrl).Port);

    private static async Task<int> Ask(TcpClient client, byte[] request)
    {
        await client.GetStream().WriteAsync(request);
        return (await new AnswerReader(client.GetStream()).Read()).Status;
    }
}
