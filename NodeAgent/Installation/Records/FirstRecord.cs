using System.Text;
using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Mirror;

namespace RegistryProxy.NodeAgent.Installation.Records;

/// <summary>A record as version 0.1 kept it, one for each target with texts alone; what the texts mean is told from them.</summary>
internal sealed record FirstRecord
{
    public required string Target { get; init; }

    public required string Platform { get; init; }

    public required List<FirstFile> Files { get; init; }

    public required List<string> Programs { get; init; }

    public required bool NeedsAgent { get; init; }

    public static string PathOf(string target) => $"{RecordStore.Folder}/{target}.json";

    public static NodeRecord Convert(IReadOnlyList<FirstRecord> records, HostFiles host) =>
        records.Count == 0 ? NodeRecord.Empty : new NodeRecord
    {
        Platform = records[0].Platform,
        Targets = [.. records.Select(record => record.ToTarget(host))],
        Places =
        [
            .. records.SelectMany(record => record.Files.Select(file => (record.Target, File: file))).GroupBy(pair => pair.File.Path)
                .Select(group => group.First().File.ToPlace(group.Last().File, group.SelectMany(pair => pair.File.Edits(pair.Target)))),
        ],
        Programs = [.. records.SelectMany(record => record.Programs).Where(program => host.LinkTarget(program) is null || IsMain(program))
            .Distinct()],
        Links = [.. records.SelectMany(record => record.Programs).Where(program => host.LinkTarget(program) is not null && !IsMain(program))
            .Distinct()],
    };

    private TargetRecord ToTarget(HostFiles host) => new()
    {
        Name = Target,
        Programs = [.. Programs.Where(program => host.LinkTarget(program) is null || IsMain(program))],
        Links = Programs.Where(program => host.LinkTarget(program) is not null && !IsMain(program)).ToDictionary(
            link => link, _ => Programs.First(IsMain)),
        NeedsAgent = NeedsAgent,
    };

    private static bool IsMain(string program) => program.EndsWith("/registryproxy-nodeagent", StringComparison.Ordinal);
}

/// <summary>One file of such a record.</summary>
internal sealed record FirstFile(string Path, string? Before, int? BeforeMode, string After, string? Inserted)
{
    public Place ToPlace(FirstFile last, IEnumerable<Edit> edits) => new()
    {
        Path = Path, Before = Before is null ? null : Encoding.UTF8.GetBytes(Before), BeforeMode = BeforeMode, Created = Before is null,
        After = Encoding.UTF8.GetBytes(last.After), Edits = [.. edits],
    };

    public IEnumerable<Edit> Edits(string target)
    {
        var said = Inserted ?? "";
        if (Path.EndsWith("/hosts.toml", StringComparison.Ordinal))
        {
            return [new MirrorHost(target, "", new Uri("http://127.0.0.1"), MirrorSecret.Header, "")];
        }

        if (Path.EndsWith("/.docker/config.json", StringComparison.Ordinal))
        {
            return [new DockerHelpers(target, [])];
        }

        if (said.Contains("--image-", StringComparison.Ordinal))
        {
            return said.Split([' ', '"', '\n'], StringSplitOptions.RemoveEmptyEntries).Where(
                word => word.StartsWith("--", StringComparison.Ordinal) && word.Contains('='))
                .Select(word => new KubeletFlag(target, "", word[..word.IndexOf('=')], word[(word.IndexOf('=') + 1)..], null));
        }

        var endpoint = (said.Length > 0 ? said : After).Split('\n').FirstOrDefault(
            line => line.StartsWith("imageServiceEndpoint:", StringComparison.Ordinal));
        return endpoint is not null ? [new KubeletEndpoint(target, endpoint[(endpoint.IndexOf(':') + 1)..].Trim(), null)]
            : After.Contains("CredentialProviderConfig", StringComparison.Ordinal) ? [new Providers(target, [])]
            : [new OwnFile(target, After)];
    }
}
