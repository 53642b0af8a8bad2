using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace RegistryProxy.Silo.Storage;

/// <summary>
/// Encrypts every state before another storage keeps it. A record that was changed, or put where another one belongs, is as good as none and
/// raises an alarm; one under an old key is encrypted anew as it is read.
/// </summary>
internal sealed partial class ProtectedGrainStorage(
    IGrainStorage inner, StateCipher cipher, Serializer serializer, IActivatorProvider activators, IOptions<ClusterOptions> cluster,
    StateMeter meter, ILogger<ProtectedGrainStorage> logger) : IGrainStorage
{
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var stored = new GrainState<SealedRecord>();
        await inner.ReadStateAsync(stateName, grainId, stored);
        (grainState.ETag, grainState.RecordExists) = (stored.ETag, stored.RecordExists);
        if (!stored.RecordExists)
        {
            grainState.State = activators.GetActivator<T>().Create();
            return;
        }

        var opened = cipher.Open(stored.State!.Bytes, Owner(stateName, grainId));
        if (opened.Plain is not { } plain)
        {
            LogRefused(stateName, grainId, opened.Problem!);
            meter.Refused();
            (grainState.State, grainState.RecordExists) = (activators.GetActivator<T>().Create(), false);
            return;
        }

        grainState.State = serializer.Deserialize<T>(plain);
        if (!opened.IsCurrent)
        {
            await EncryptAnew(stateName, grainId, grainState);
        }
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var stored = new GrainState<SealedRecord>
        {
            ETag = grainState.ETag,
            RecordExists = grainState.RecordExists,
            State = new SealedRecord { Bytes = cipher.Seal(serializer.SerializeToArray(grainState.State), Owner(stateName, grainId)) },
        };
        await inner.WriteStateAsync(stateName, grainId, stored);
        (grainState.ETag, grainState.RecordExists) = (stored.ETag, stored.RecordExists);
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var stored = new GrainState<SealedRecord> { ETag = grainState.ETag, RecordExists = grainState.RecordExists };
        await inner.ClearStateAsync(stateName, grainId, stored);
        (grainState.ETag, grainState.RecordExists, grainState.State) = (stored.ETag, stored.RecordExists, activators.GetActivator<T>().Create());
    }

    private async Task EncryptAnew<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        try
        {
            await WriteStateAsync(stateName, grainId, grainState);
        }
        catch (Exception fault)
        {
            // The state is good all the same; whoever wrote in between, or the next write, encrypts it anew.
            LogKeptOldKey(fault, stateName, grainId);
        }
    }

    private StateOwner Owner(string stateName, GrainId grainId) => new(cluster.Value.ServiceId, grainId.ToString(), stateName);

    [LoggerMessage(Level = LogLevel.Critical, Message = "ALARM: the stored state '{State}' of {Grain} is refused and treated as absent: {Problem}")]
    private partial void LogRefused(string state, GrainId grain, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The state '{State}' of {Grain} could not be encrypted under the new key yet")]
    private partial void LogKeptOldKey(Exception fault, string state, GrainId grain);
}
