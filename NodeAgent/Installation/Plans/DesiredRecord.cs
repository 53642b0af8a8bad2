using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Records;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>
/// What a node shall be like, worked out from what it is like now, whoever has changed it and wherever an earlier change ended.
/// </summary>
internal static class DesiredRecord
{
    /// <param name="host">The node.</param>
    /// <param name="record">What is recorded.</param>
    /// <param name="targets">The targets that shall be installed.</param>
    /// <param name="edits">Everything that they put into files.</param>
    public static NodeRecord Of(
        HostFiles host, NodeRecord record, IReadOnlyList<TargetRecord> targets, IReadOnlyList<(string Path, Edit Edit)> edits)
    {
        // A file that an earlier version, or the node, wrote another way is the one that is recorded.
        edits = [.. edits.Select(edit => (record.Places.FirstOrDefault(place => host.AreOne(place.Path, edit.Path))?.Path ?? edit.Path,
            edit.Edit))];
        var paths = record.Places.Select(place => place.Path).Concat(edits.Select(edit => edit.Path)).Distinct();
        List<Place> places = [.. paths.Select(path => PlaceOf(
            host, record, path, [.. edits.Where(edit => edit.Path == path).Select(edit => edit.Edit)]))];
        List<string> programs = [.. record.Programs.Union(targets.SelectMany(target => target.Programs))];
        List<string> links = [.. record.Links.Union(targets.SelectMany(target => target.Links.Keys))];
        return record with
        {
            Targets = targets, Places = places, Programs = programs, Links = links,
            Folders = Folders(
                host, record, [.. places.Where(place => place.After is not null).Select(place => place.Path), .. programs, .. links]),
            AgentIsPending = record.AgentIsPending || places.Any(
                place => !place.IsForKubelet() && !place.Acts() && (Differs(host, place) || IsUnread(record, place))),
            KubeletIsPending = record.KubeletIsPending || places.Any(
                place => place.IsForKubelet() && (Differs(host, place) || ComesOrGoes(record, place))),
            Former = record.IsChanging ? record.Former : record.Targets.Count == 0 ? null : record,
            IsChanging = true,
        };
    }

    /// <summary>Whether the agent was started with something else, whoever has written the file since.</summary>
    private static bool IsUnread(NodeRecord record, Place place) =>
        !(Known(record, place)?.After ?? []).AsSpan().SequenceEqual(place.After ?? []);

    /// <summary>Whether kubelet was started without what is to be there, or with what is not, whoever has changed the file since.</summary>
    private static bool ComesOrGoes(NodeRecord record, Place place) =>
        Known(record, place) is { Edits.Count: > 0 } != place.Edits.Count > 0;

    private static Place? Known(NodeRecord record, Place place) => record.Places.FirstOrDefault(known => known.Path == place.Path);

    public static bool Differs(HostFiles host, Place place)
    {
        var now = host.Bytes(place.Path);
        return now is null ? place.After is not null
            : place.After is null || !now.AsSpan().SequenceEqual(place.After) || host.Mode(place.Path) != place.Mode();
    }

    private static Place PlaceOf(HostFiles host, NodeRecord record, string path, IReadOnlyList<Edit> edits)
    {
        var known = record.Places.FirstOrDefault(place => place.Path == path);
        var baseline = Baseline.Of(host, known, path, edits);
        IReadOnlyList<Edit> cleared = edits.Count > 0 ? [] : known is { Edits.Count: > 0 } ? known.Edits : known?.Cleared ?? [];
        return new Place
        {
            Path = path, Before = baseline.Bytes, BeforeMode = baseline.Mode, Created = baseline.Created, Edits = edits, Cleared = cleared,
            Earlier = baseline.IsNew ? null : record.IsChanging ? known?.Earlier : known?.After,
            After = edits.Count > 0 ? Put(baseline.Bytes, path, edits) : baseline.Created && IsEmpty(baseline.Bytes, path, cleared) ? null
                : baseline.Bytes,
        };
    }

    private static byte[] Put(byte[]? bytes, string path, IReadOnlyList<Edit> edits)
    {
        var file = bytes is null ? null : FileText.Of(bytes);
        var text = edits.Aggregate(file?.Text, (text, edit) => edit.Put(text, path))!;
        return file is null ? System.Text.Encoding.UTF8.GetBytes(text) : Merging.Refusal.Bytes(path, () => file.With(text));
    }

    private static bool IsEmpty(byte[]? bytes, string path, IReadOnlyList<Edit> cleared) =>
        bytes is null || cleared.All(edit => edit.IsEmpty(FileText.Of(bytes).Text, path));

    private static IReadOnlyList<string> Folders(HostFiles host, NodeRecord record, IReadOnlyList<string> paths) =>
    [
        .. record.Folders.Union(paths.SelectMany(host.MissingFolders)).OrderBy(folder => folder.Length),
    ];
}
