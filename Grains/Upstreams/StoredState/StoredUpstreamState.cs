using Microsoft.Extensions.Logging;
using Orleans.Storage;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Upstreams.StoredState;

/// <summary>
/// State that saves calls to others and is never needed: a storage that is away costs a token call, not a pull. Whoever writes last wins,
/// but a record that cannot be read is left alone.
/// </summary>
/// <param name="stored">Where it is kept; <c>null</c> for nowhere.</param>
/// <param name="name">The name of the state.</param>
/// <param name="logger">Where it is said that the storage is away.</param>
internal sealed partial class StoredUpstreamState<T>(Stored<T>? stored, string name, ILogger logger)
    where T : class, new()
{
    /// <summary>What was read or set last; a new one when there was nothing. Never to be changed.</summary>
    public T Value { get; set; } = new();

    public Task Read() => Try("read", async kept => Value = await kept.Get());

    public Task Write() => Try("written", async kept =>
    {
        try
        {
            await kept.Change(_ => (Value, true));
        }
        catch (InconsistentStateException)
        {
            await kept.Change(_ => (Value, true));
        }
    });

    /// <summary>Leaves nothing behind.</summary>
    public Task Clear() => Try("cleared", kept => kept.Change<bool>(_ => (null, true)));

    private async Task Try(string what, Func<Stored<T>, Task> work)
    {
        try
        {
            await (stored is null ? Task.CompletedTask : work(stored));
        }
        catch (Exception fault) when (fault is StateUnavailableException or InconsistentStateException)
        {
            LogAway(fault.GetType().Name, name, what);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{Fault}: the kept {Name} of an upstream could not be {What}; it is fetched again when it is needed")]
    private partial void LogAway(string fault, string name, string what);
}
