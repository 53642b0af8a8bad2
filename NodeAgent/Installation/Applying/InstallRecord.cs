using System.Text.Json;
using System.Text.Json.Serialization;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>What an installation changed, with what was there before: the backup from which it is undone.</summary>
internal sealed record InstallRecord
{
    public required string Target { get; init; }

    public required string Platform { get; init; }

    public required List<RecordedFile> Files { get; init; }

    /// <summary>Programs and links.</summary>
    public required List<string> Programs { get; init; }

    public required bool NeedsAgent { get; init; }

    public required bool NeedsKubelet { get; init; }
}

/// <summary>One file.</summary>
internal sealed record RecordedFile(string Path, string? Before, int? BeforeMode, string After, string? Inserted);

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(InstallRecord))]
internal sealed partial class InstallJson : JsonSerializerContext;

/// <summary>The records of a node, for root alone: what was there before may be secret.</summary>
internal sealed class InstallRecords(HostFiles host)
{
    private const string Folder = "/var/lib/registryproxy/install";

    public InstallRecord? Read(string target) => host.Read(PathOf(target)) is { } text ? JsonSerializer.Deserialize(text, InstallJson.Default.InstallRecord) : null;

    public IEnumerable<InstallRecord> Others(string target) => InstallTarget.All.Where(other => other != target).Select(Read).OfType<InstallRecord>();

    public void Write(InstallRecord record) =>
        host.Write(PathOf(record.Target), JsonSerializer.Serialize(record, InstallJson.Default.InstallRecord), UnixFileMode.UserRead | UnixFileMode.UserWrite);

    public void Delete(string target) => host.Delete(PathOf(target));

    /// <summary>Where the watcher says how it ended.</summary>
    public static string ResultOf(string target) => $"{Folder}/{target}.result";

    private static string PathOf(string target) => $"{Folder}/{target}.json";
}
