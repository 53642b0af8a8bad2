using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Storage;
using RegistryProxy.Files;

namespace RegistryProxy.Silo.Storage;

/// <summary>
/// One file for each state. A write is on the disk before it counts, and replaces the file as a whole; the ETag is a hash of the content.
/// Only for sealed records: names of files are hashes, contents are encrypted.
/// </summary>
internal sealed class FileGrainStorage(StateFolder folder, IGrainStorageSerializer serializer, IOptions<ClusterOptions> cluster) : IGrainStorage
{
    /// <summary>The largest record, in bytes.</summary>
    private const int MaxRecordBytes = 16 * 1024 * 1024;

    /// <summary>Writers of one file wait for each other; those of others rarely do.</summary>
    private readonly Lock[] _gates = [.. Enumerable.Range(0, 64).Select(_ => new Lock())];

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Run(stateName, grainId, path =>
    {
        if (!File.Exists(path))
        {
            (grainState.ETag, grainState.RecordExists) = (null, false);
            return;
        }

        var content = BoundedFile.Read(path, MaxRecordBytes);
        (grainState.ETag, grainState.RecordExists, grainState.State) = (ETag(content), true, serializer.Deserialize<T>(new BinaryData(content)));
    });

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Run(stateName, grainId, path =>
    {
        RefuseOutdated(path, grainState.ETag);
        var content = serializer.Serialize(grainState.State).ToArray();
        StateFolder.Replace(path, content);
        (grainState.ETag, grainState.RecordExists) = (ETag(content), true);
    });

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Run(stateName, grainId, path =>
    {
        RefuseOutdated(path, grainState.ETag);
        File.Delete(path);
        (grainState.ETag, grainState.RecordExists) = (null, false);
    });

    private Task Run(string stateName, GrainId grainId, Action<string> work)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{cluster.Value.ServiceId}\n{stateName}\n{grainId}")));
        return Task.Run(() =>
        {
            lock (_gates[name[0] % 16 * 4 + name[1] % 4])
            {
                work(folder.PathOf(name));
            }
        });
    }

    private static void RefuseOutdated(string path, string? known)
    {
        var stored = File.Exists(path) ? ETag(BoundedFile.Read(path, MaxRecordBytes)) : null;
        if (stored != known)
        {
            throw new InconsistentStateException("the state was written by another activation", stored, known);
        }
    }

    private static string ETag(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content))[..32];
}
