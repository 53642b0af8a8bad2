using RegistryProxy.NodeAgent.Installation.Merging;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>Writes the files of a plan, and takes them back.</summary>
internal sealed class FileApplier(HostFiles host, InstallRecords records)
{
    private const string AgentName = "RegistryProxy.NodeAgent";

    /// <summary>Records what is there, then writes. What an earlier installation of the same target recorded stays the truth about before.</summary>
    public void Apply(InstallPlan plan, string platform)
    {
        var known = records.Read(plan.Target);
        records.Write(new InstallRecord
        {
            Target = plan.Target, Platform = platform, Files = [.. plan.Files.Select(change => Record(change, known))], Programs = [.. plan.Links, .. plan.Programs],
            NeedsAgent = plan.NeedsAgent, NeedsKubelet = plan.NeedsKubelet,
        });
        foreach (var program in plan.Programs)
        {
            CopyAgent(program);
        }

        foreach (var link in plan.Links)
        {
            host.Link(link, plan.Programs[0]);
        }

        foreach (var change in plan.Files.Where(change => change.Changes))
        {
            host.Write(change.Path, change.After, change.Mode);
        }
    }

    /// <summary>Takes everything of a target back that no other target needs; tells what is left for people.</summary>
    public IReadOnlyList<string> Undo(InstallRecord record)
    {
        var others = records.Others(record.Target).ToList();
        List<string> left = [];
        foreach (var file in record.Files.Where(file => !others.Exists(other => other.Files.Exists(shared => shared.Path == file.Path))))
        {
            Restore(file, left);
        }

        foreach (var program in record.Programs.Where(program => !others.Exists(other => other.Programs.Contains(program))))
        {
            host.Delete(program);
            host.Delete(FolderOf(program));
        }

        records.Delete(record.Target);
        return left;
    }

    private RecordedFile Record(FileChange change, InstallRecord? known)
    {
        var earlier = known?.Files.Find(file => file.Path == change.Path)
            ?? records.Others(known?.Target ?? "").SelectMany(other => other.Files).FirstOrDefault(file => file.Path == change.Path && file.After == change.Before);
        var mode = earlier is not null ? earlier.BeforeMode : change.Before is null ? null : (int?)host.Mode(change.Path);
        return new RecordedFile(change.Path, earlier is not null ? earlier.Before : change.Before, mode, change.After, change.Inserted ?? earlier?.Inserted);
    }

    private void Restore(RecordedFile file, List<string> left)
    {
        var now = host.Read(file.Path);
        if (now is null || now == file.Before)
        {
            return;
        }

        if (now == file.After)
        {
            Put(file, file.Before);
        }
        else if (WithoutOurs(file, now) is { } rest)
        {
            // Others changed the file since: theirs stays, ours goes.
            Put(file, rest);
        }
        else
        {
            left.Add($"{file.Path} was changed by others since; what registryproxy wrote there is left as it is");
        }
    }

    private void Put(RecordedFile file, string? text)
    {
        if (text is null)
        {
            host.Delete(file.Path);
        }
        else
        {
            host.Write(file.Path, text, file.BeforeMode is { } mode ? (UnixFileMode)mode : host.Mode(file.Path));
        }
    }

    private static string? WithoutOurs(RecordedFile file, string now) => file switch
    {
        _ when file.Path.EndsWith("/hosts.toml", StringComparison.Ordinal) => HostsToml.Remove(now),
        _ when file.Path.EndsWith("/.docker/config.json", StringComparison.Ordinal) => DockerConfig.RemoveHelpers(now, file.Path),
        { Inserted: { } inserted } when now.Contains(inserted, StringComparison.Ordinal) => now.Replace(inserted, "", StringComparison.Ordinal),
        { Before: not null } when now.TrimStart().StartsWith('{') => ProviderConfigMerge.RemoveJson(now, name => name.StartsWith(ProviderEntry.NamePrefix, StringComparison.Ordinal)),
        _ => null,
    };

    /// <summary>A published agent is one file; one that needs the .NET runtime brings the files beside it.</summary>
    private void CopyAgent(string to)
    {
        if (!File.Exists(Path.Combine(AppContext.BaseDirectory, $"{AgentName}.dll")))
        {
            host.CopyProgram(Environment.ProcessPath!, to);
            return;
        }

        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory))
        {
            host.CopyProgram(file, $"{FolderOf(to)}/{Path.GetFileName(file)}");
        }

        host.Link(to, $"{FolderOf(to)}/{AgentName}");
    }

    private static string FolderOf(string program) => $"{program}.d";
}
