using RegistryProxy.Background;
using StackExchange.Redis;

namespace RegistryProxy.Silo.Storage;

/// <summary>
/// One connection for the process, which goes on by itself once it is made. While it cannot be made, which Sentinel says by an exception
/// where a server alone does not, each question tries anew.
/// </summary>
internal sealed class RedisConnection(Func<Task<ConnectionMultiplexer>> connect) : IAsyncDisposable
{
    private readonly SingleFlight<ConnectionMultiplexer> _connecting = new();
    private volatile ConnectionMultiplexer? _made;

    /// <summary>The connection.</summary>
    /// <exception cref="RedisConnectionException">It cannot be made now.</exception>
    public ValueTask<ConnectionMultiplexer> Get() => _made is { } made ? new(made) : new(_connecting.Join(Connect));

    public ValueTask DisposeAsync() => _made?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<ConnectionMultiplexer> Connect() => _made ??= await connect();
}
