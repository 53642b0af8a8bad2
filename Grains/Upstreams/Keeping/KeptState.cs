using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace RegistryProxy.Grains.Upstreams.Keeping;

/// <summary>
/// State that saves calls to others and is never needed: a storage that is away costs a token call, not a pull. Whoever writes last wins.
/// </summary>
internal sealed partial class KeptState<T>(IGrainStorage storage, string name, GrainId grain, ILogger logger)
    where T : class, new()
{
    private readonly GrainState<T> _state = new(new T());

    /// <summary>What was read or set last; a new one when there was nothing.</summary>
    public T Value
    {
        get => _state.State ??= new T();
        set => _state.State = value;
    }

    public async Task Read()
    {
        try
        {
            await storage.ReadStateAsync(name, grain, _state);
        }
        catch (Exception fault)
        {
            _state.State = new T();
            LogAway(fault.GetType().Name, name, "read");
        }
    }

    public async Task Write()
    {
        try
        {
            try
            {
                await storage.WriteStateAsync(name, grain, _state);
            }
            catch (InconsistentStateException)
            {
                var mine = _state.State;
                await storage.ReadStateAsync(name, grain, _state);
                _state.State = mine;
                await storage.WriteStateAsync(name, grain, _state);
            }
        }
        catch (Exception fault)
        {
            LogAway(fault.GetType().Name, name, "written");
        }
    }

    /// <summary>Leaves nothing behind.</summary>
    public async Task Clear()
    {
        try
        {
            if (_state.RecordExists)
            {
                await storage.ClearStateAsync(name, grain, _state);
            }
        }
        catch (Exception fault)
        {
            LogAway(fault.GetType().Name, name, "cleared");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Fault}: the kept {Name} of an upstream could not be {What}; it is fetched anew when it is needed")]
    private partial void LogAway(string fault, string name, string what);
}
