using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Storage;

namespace RegistryProxy.Tests.Support.State;

/// <summary>A storage that fails before it wrote, fails after it wrote, hangs, and answers late. What it says it did, it did.</summary>
internal sealed class FaultyStorage(TimeProvider time, Random random) : IGrainStorage
{
    private static readonly Serializer Serializer = new ServiceCollection().AddSerializer().BuildServiceProvider()
        .GetRequiredService<Serializer>();

    private readonly Dictionary<(string State, GrainId Grain), (byte[] Content, string ETag)> _records = [];
    private int _versions;

    /// <summary>Which share of the calls goes wrong.</summary>
    public double Trouble { get; set; }

    /// <summary>Whether nothing can be done at all.</summary>
    public bool IsDown { get; set; }

    /// <summary>How many bytes were written.</summary>
    public long Written { get; private set; }

    public int Count => _records.Count;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Do(() =>
    {
        var isThere = _records.TryGetValue((stateName, grainId), out var record);
        (grainState.ETag, grainState.RecordExists) = (isThere ? record.ETag : null, isThere);
        grainState.State = isThere ? Serializer.Deserialize<T>(record.Content) : Activator.CreateInstance<T>();
    });

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var content = Serializer.SerializeToArray(grainState.State);
        return Do(() =>
        {
            Check(stateName, grainId, grainState.ETag);
            Written += content.Length;
            (grainState.ETag, grainState.RecordExists) = ($"{++_versions}", true);
            _records[(stateName, grainId)] = (content, grainState.ETag);
        });
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Do(() =>
    {
        Check(stateName, grainId, grainState.ETag);
        _records.Remove((stateName, grainId));
        (grainState.ETag, grainState.RecordExists, grainState.State) = (null, false, Activator.CreateInstance<T>());
    });

    private void Check(string stateName, GrainId grainId, string? known)
    {
        var stored = _records.TryGetValue((stateName, grainId), out var record) ? record.ETag : null;
        if (stored != known)
        {
            throw new InconsistentStateException("somebody else wrote", stored, known);
        }
    }

    private async Task Do(Action work)
    {
        if (IsDown)
        {
            throw new IOException("down");
        }

        switch (random.NextDouble() < Trouble ? random.Next(6) : -1)
        {
            case 0:
                throw new IOException("before");
            case 1:
                work();
                throw new IOException("after");
            case 2:
                await Task.Delay(Timeout.InfiniteTimeSpan, time);
                break;
            case 3:
                work();
                await Task.Delay(Timeout.InfiniteTimeSpan, time);
                break;
            case 4:
                await Task.Delay(TimeSpan.FromSeconds(random.Next(1, 20)), time);
                work();
                break;
            case 5:
                work();
                await Task.Delay(TimeSpan.FromSeconds(random.Next(1, 20)), time);
                break;
            default:
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 50)), time);
                work();
                break;
        }
    }
}
