using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Records;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>Makes the files of a node what a record says. Every step may be taken again.</summary>
internal sealed class NodeFiles(HostFiles host, AgentProgram program)
{
    /// <summary>Every path that a record would write.</summary>
    public IEnumerable<string> Written(NodeRecord record) =>
        record.Places.Where(place => DesiredRecord.Differs(host, place)).Select(place => place.Path)
        .Concat(record.Targets.SelectMany(target => target.Programs.Where(path => !program.IsAt(host, path))))
        .Concat(record.Targets.SelectMany(target => target.Links.Keys.Where(link => host.LinkTarget(link) is null)
            .Select(HiddenName.Unfinished)))
        .Append($"{RecordStore.Folder}/node.json");

    /// <summary>Whether another program than this one, or none, is where a target needs it.</summary>
    public bool ProgramDiffers(NodeRecord record) => record.Targets.Any(target => target.Programs.Any(path => !program.IsAt(host, path)));

    /// <summary>Whether a link does not lead where it should.</summary>
    public bool LinkDiffers(NodeRecord record) =>
        record.Targets.Any(target => target.Links.Any(link => host.LinkTarget(link.Key) != host.AtLink(link.Value)));

    /// <summary>The agent's own files: they are there before anything names them.</summary>
    public void PutAgent(NodeRecord record, bool copyProgram)
    {
        foreach (var path in record.Targets.SelectMany(target => target.Programs).Distinct()
            .Where(path => copyProgram && !program.IsAt(host, path)))
        {
            program.CopyTo(host, path, keepFormer: record.Former is not null);
        }

        foreach (var place in record.Places.Where(place => !place.Acts() && place.Edits.Count > 0))
        {
            Put(place);
        }

        foreach (var (link, target) in record.Targets.SelectMany(target => target.Links).DistinctBy(link => link.Key))
        {
            if (host.LinkTarget(link) != host.AtLink(target))
            {
                host.Link(link, target);
            }
        }

        host.Settle();
    }

    /// <summary>
    /// The files that kubelet, containerd and docker act by: what a flag names is there before the flag, and goes after it.
    /// </summary>
    public void PutActing(NodeRecord record)
    {
        var last = 0;
        foreach (var place in record.Places.Where(place => place.Acts() && DesiredRecord.Differs(host, place)).OrderBy(Order))
        {
            last = SettledFor(place, last);
            host.KeepFormer(place.Path);
            try
            {
                Put(place);
            }
            catch (IOException)
            {
                host.DeleteUnfinished(place.Path);
                throw;
            }
        }

        host.Settle();
    }

    /// <summary>The agent's own files of before a change that failed. Returns what could not be put back.</summary>
    public IReadOnlyList<string> PutAgentBack(NodeRecord record) => Attempt(
    [
        .. record.Programs.Select(program => (Action)(() => host.RestoreProgram(program))),
        () => PutAgent(record, copyProgram: false),
    ]);

    /// <summary>The acting files likewise, each for itself: one that cannot be written keeps no other from its place.</summary>
    public IReadOnlyList<string> PutActingBack(NodeRecord record) => Attempt(
        record.Places.Where(place => place.Acts()).GroupBy(Order).OrderBy(group => group.Key)
            .SelectMany(group => group.Select(place => (Action)(() => Put(place))).Append(host.Settle)));

    /// <summary>The unit and what starts it.</summary>
    public void RemoveUnit(NodeRecord record)
    {
        record.Unneeded().Where(path => path == AgentUnit.Wanted).ToList().ForEach(host.Delete);
        record.Places.Where(place => place.Path == AgentUnit.File && place.Edits.Count == 0).ToList().ForEach(Put);
    }

    /// <summary>Everything that no target needs, and everything that an end in the middle left.</summary>
    public void RemoveUnneeded(NodeRecord record)
    {
        foreach (var place in record.Places)
        {
            host.DeleteUnfinished(place.Path);
            if (place.Edits.Count == 0)
            {
                Put(place);
            }
        }

        record.Programs.Concat(record.Links).SelectMany(HiddenName.All).ToList().ForEach(host.Delete);

        host.Settle();
        foreach (var path in record.Unneeded())
        {
            host.Delete(path);
            host.Delete(AgentProgram.FolderOf(path));
        }
    }

    /// <summary>What the agent itself left, once nothing is installed: the nonces stay, since front doors know this node by them.</summary>
    public void RemoveTraces(NodeRecord record)
    {
        host.Delete(Reapplying.Marker);
        host.DeleteUnfinished(Reapplying.Marker);
        if (record.StateDir is { } state)
        {
            host.Delete($"{state}/mirror-secret");
        }

        if (record.Listen is { } listen)
        {
            RemoveSockets(listen);
        }
    }

    /// <summary>What an agent left that listened somewhere, and the folder that its unit makes wherever it listens.</summary>
    public void RemoveSockets(string listen)
    {
        new SocketTraces(host).Remove(listen);
        host.DeleteEmpty(AgentUnit.RuntimeFolder);
    }

    public void RemoveFolders(NodeRecord record)
    {
        foreach (var folder in record.Folders.Reverse())
        {
            host.DeleteEmpty(folder);
        }
    }

    private static List<string> Attempt(IEnumerable<Action> steps)
    {
        List<string> failures = [];
        foreach (var step in steps)
        {
            try
            {
                step();
            }
            catch (IOException fault)
            {
                failures.Add(fault.Message);
            }
        }

        return failures;
    }

    /// <summary>What names another file is written, and goes, between the two.</summary>
    private static int Order(Place place) =>
        place.Edits.Concat(place.Cleared).Any(edit => edit is KubeletFlag) ? 1 : place.After is null ? 2 : 0;

    /// <summary>The disk has what comes before a place, before that place changes.</summary>
    private int SettledFor(Place place, int last)
    {
        if (Order(place) > last)
        {
            host.Settle();
        }

        return Order(place);
    }

    private void Put(Place place)
    {
        if (!DesiredRecord.Differs(host, place))
        {
            return;
        }

        if (place.After is null)
        {
            host.DeleteFile(place.Path);
        }
        else
        {
            host.Write(place.Path, place.After, place.Mode());
        }
    }
}
