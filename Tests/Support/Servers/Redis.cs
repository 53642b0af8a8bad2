using RegistryProxy.Tests.Support.Processes;
using StackExchange.Redis;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A real redis-server on a free loopback port. It keeps what it acknowledged, unless it is told to come back empty.</summary>
internal sealed class Redis : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private ChildProcess? _process;

    public int Port { get; } = FreePort.Next();

    public string Connection => $"127.0.0.1:{Port}";

    public static async Task<Redis> Start()
    {
        var redis = new Redis();
        await redis.Restart();
        return redis;
    }

    /// <summary>kill -9.</summary>
    public void Kill() => _process!.Kill();

    /// <summary>Starts it again on the same port, with what it had or with nothing.</summary>
    public async Task Restart(bool empty = false)
    {
        if (empty)
        {
            Directory.Delete(_folder.File("appendonlydir"), recursive: true);
        }

        _process = ChildProcess.Start("redis-server",
            ["--bind", "127.0.0.1", "--port", $"{Port}", "--dir", _folder.Path, "--appendonly", "yes", "--appendfsync",
                "always", "--save", ""]);
        await _process.Line(line => line.Contains("Ready to accept connections") ? line : null);
    }

    /// <summary>Does something with its data.</summary>
    public async Task<T> With<T>(Func<IDatabase, IServer, Task<T>> work)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync($"{Connection},allowAdmin=true");
        return await work(connection.GetDatabase(), connection.GetServers()[0]);
    }

    /// <summary>Every file that it wrote.</summary>
    public IEnumerable<string> Files => Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories);

    public async ValueTask DisposeAsync()
    {
        await _process!.DisposeAsync();
        _folder.Dispose();
    }
}
