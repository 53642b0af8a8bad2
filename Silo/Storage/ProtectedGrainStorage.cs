using System.Collections.Concurrent;
using Orleans.Serialization;
using Orleans.Serialization.Serializers;
using Orleans.Storage;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Silo.Storage;

/// <summary>
/// Encrypts every state before a store keeps it, and says when it may go. A record that cannot be opened is refused and stays as it is: it
/// may be another silo's good one. One under an old key, or with another end than it should have, is written anew as it is read.
/// </summary>
internal sealed partial class ProtectedGrainStorage(
    IRecordStore store, StateCipher cipher, string service, Serializer serializer, IActivatorProvider activators, StateMeter meter,
    ILogger<ProtectedGrainStorage> logger) : IGrainStorage
{
    /// <summary>How long a record is kept beyond its end: clocks differ.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(10);

    /// <summary>How many records an alarm is raised for by name; all of them are counted.</summary>
    private const int AlarmCapacity = 1000;

    private readonly ConcurrentDictionary<StateOwner, bool> _alarmed = new();

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var owner = Owner(stateName, grainId);
        var stored = await store.Read(owner);
        (grainState.ETag, grainState.RecordExists) = (null, false);
        if (stored is null)
        {
            grainState.State = activators.GetActivator<T>().Create();
            return;
        }

        var opened = cipher.Open(stored, owner);
        if (opened.IsDiscarded)
        {
            LogDiscarded(stateName, grainId, opened.Problem!);
            grainState.ETag = stored.ETag;
            grainState.State = activators.GetActivator<T>().Create();
            return;
        }

        if (opened.Plain is not { } plain)
        {
            throw Refused(owner, opened);
        }

        (grainState.State, grainState.ETag, grainState.RecordExists) = (Deserialized<T>(plain, owner, opened), stored.ETag, true);
        if (!opened.IsCurrent || !IsSame(stored.KeepUntil, KeepUntil(grainState.State)))
        {
            await WriteAnew(stateName, grainId, grainState);
        }
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var owner = Owner(stateName, grainId);
        var content = cipher.Seal(serializer.SerializeToArray(grainState.State), owner);
        if (content.Length > store.MaxBytes)
        {
            throw new StateUnavailableException(
                $"the state '{stateName}' has {content.Length} bytes, above the limit of {store.MaxBytes}; it was not written");
        }

        grainState.ETag = await store.Write(owner, content, KeepUntil(grainState.State), grainState.ETag);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await store.Remove(Owner(stateName, grainId), grainState.ETag);
        (grainState.ETag, grainState.RecordExists, grainState.State) = (null, false, activators.GetActivator<T>().Create());
    }

    private static DateTimeOffset? KeepUntil<T>(T? state) => state is IExpiringState { KeepUntil: { } end } ? end + Margin : null;

    /// <summary>A silo of another version changes a record and leaves its end as it was.</summary>
    private static bool IsSame(DateTimeOffset? stored, DateTimeOffset? wanted) =>
        stored is { } one && wanted is { } other ? (one - other).Duration() < Margin / 2 : stored is null && wanted is null;

    private async Task WriteAnew<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        try
        {
            await WriteStateAsync(stateName, grainId, grainState);
        }
        catch (Exception fault)
        {
            // The state is good all the same; whoever wrote in between, the next write or the sweep encrypts it anew.
            LogKeptOldKey(fault, stateName, grainId);
        }
    }

    /// <summary>
    /// What was sealed whole and is no state all the same is refused like what was changed: its writer did not write a state.
    /// </summary>
    private T Deserialized<T>(byte[] plain, StateOwner owner, OpenedRecord opened)
    {
        try
        {
            return serializer.Deserialize<T>(plain) ?? throw new InvalidDataException("it is null");
        }
        catch (Exception fault)
        {
            throw Refused(owner, opened with { Problem = $"it does not contain state of this grain: {fault.Message}" });
        }
    }

    private StateRefusedException Refused(StateOwner owner, OpenedRecord opened)
    {
        meter.Refused(opened.KeyId);
        if (_alarmed.Count < AlarmCapacity && _alarmed.TryAdd(owner, true))
        {
            LogRefused(owner.State, owner.Grain, opened.Problem!);
        }

        return new StateRefusedException($"the stored state '{owner.State}' is refused: {opened.Problem}");
    }

    private StateOwner Owner(string stateName, GrainId grainId) => new(service, grainId.ToString(), stateName);

    [LoggerMessage(Level = LogLevel.Critical,
        Message = "ALARM: the stored state '{State}' of {Grain} is refused and will not be overwritten: {Problem}")]
    private partial void LogRefused(string state, string grain, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The stored state '{State}' of {Grain} is discarded: {Problem}")]
    private partial void LogDiscarded(string state, GrainId grain, string problem);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The state '{State}' of {Grain} could not be re-encrypted under the new key yet; retrying")]
    private partial void LogKeptOldKey(Exception fault, string state, GrainId grain);
}
