using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Records;

[JsonSourceGenerationOptions(WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeRecord))]
[JsonSerializable(typeof(FirstRecord))]
internal sealed partial class RecordJson : JsonSerializerContext;

/// <summary>Keeps the record of a node, for root alone: what was there before may be secret.</summary>
internal sealed class RecordStore(HostFiles host)
{
    public const string Folder = "/var/lib/registryproxy/install";

    private const string File = $"{Folder}/node.json";
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Where the watcher says how it ended.</summary>
    public static string ResultOf(string target) => $"{Folder}/{target}.result";

    /// <summary>Where it is kept that a change was taken back, so that the same is not tried for ever.</summary>
    public static string FailureOf(string target) => $"{Folder}/{target}.failed";

    /// <summary>The record; an empty one when nothing was ever installed.</summary>
    /// <exception cref="IOException">It is damaged: what was there before is not known any more, and nothing is changed.</exception>
    public NodeRecord Read()
    {
        if (host.Exists(File))
        {
            return Parse(File, RecordJson.Default.NodeRecord);
        }

        var first = InstallTarget.All.Select(FirstRecord.PathOf).Where(host.Exists)
            .Select(path => Parse(path, RecordJson.Default.FirstRecord));
        return FirstRecord.Convert([.. first], host);
    }

    public void Write(NodeRecord record)
    {
        try
        {
            host.Write(File, JsonSerializer.SerializeToUtf8Bytes(record, RecordJson.Default.NodeRecord), Owner);
            host.Settle();
        }
        catch (IOException)
        {
            DeleteFolders();
            throw;
        }
    }

    /// <summary>Writes the record of a change of which nothing has been done yet.</summary>
    /// <exception cref="InstallRefusal">It cannot be written, so nothing is changed.</exception>
    public void Begin(NodeRecord record)
    {
        try
        {
            Write(record);
        }
        catch (IOException fault)
        {
            throw new InstallRefusal($"the record of what is changed cannot be written, so nothing was changed: {fault.Message}");
        }
    }

    /// <summary>Whether a target is being changed, or could not be: this node is to be looked at before others follow it.</summary>
    public bool IsInTrouble(string target) => host.Exists(FailureOf(target)) || Read().IsChanging;

    /// <summary>
    /// Writes the record of a way back where there is room for it. The record of the change that is there says all that the next run needs.
    /// </summary>
    public void TryWrite(NodeRecord record) => Tried(() => Write(record));

    public void Say(string path, string words) => host.Write(path, System.Text.Encoding.UTF8.GetBytes(words), Owner);

    /// <summary>Says what nothing depends on: no way back ends because it could not be said.</summary>
    public void TrySay(string path, string words) => Tried(() => Say(path, words));

    /// <summary>Nothing is installed any more: the notes go, and the record last.</summary>
    public void DeleteAll(bool keepFailures)
    {
        DeleteNotes(keepFailures);
        host.Settle();
        host.DeleteFile(File);
        DeleteFolders();
        host.Settle();
    }

    /// <summary>What is no record: results, records of an earlier form, and what an end in the middle left.</summary>
    public void DeleteNotes(bool keepFailures)
    {
        foreach (var file in host.List(Folder, "*")
            .Where(file => file != File && !(keepFailures && file.EndsWith(".failed", StringComparison.Ordinal))))
        {
            host.DeleteFile(file);
        }
    }

    /// <summary>Forgets that a change failed, and what an end before the first record left.</summary>
    public void DeleteFailure(string target)
    {
        host.DeleteFile(FailureOf(target));
        host.DeleteUnfinished(File);
        DeleteFolders();
    }

    private T Parse<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(host.Read(path) ?? "", type) ?? throw new JsonException("it is empty");
        }
        catch (JsonException fault)
        {
            throw new IOException(
                $"{path}, the record of what was installed, is damaged: {fault.Message} Put it back from a backup of this node; or take " +
                $"the "
                    + $"agent out of kubelet's files by hand, delete {Folder}, and install again", fault);
        }
    }

    private static void Tried(Action write)
    {
        try
        {
            write();
        }
        catch (IOException)
        {
            // A disk that is full, as those of nodes are.
        }
    }

    /// <summary>They may have been made before there was a record to say so; the state of the agent keeps the outer one.</summary>
    private void DeleteFolders()
    {
        host.DeleteEmpty(Folder);
        host.DeleteEmpty(Path.GetDirectoryName(Folder)!);
    }
}
