using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Records;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>
/// Before kubelet's first start after a boot: where the platform wrote kubelet's files anew, what was installed is put in again. Once a
/// boot, so that what people take out of a running node stays out. An image service that the platform came to name meanwhile is left to
/// the next installation, which puts it behind the agent.
/// </summary>
internal sealed class Reapplying(HostFiles host)
{
    /// <summary>In a folder that a boot empties: says that it was done.</summary>
    public const string Marker = "/run/registryproxy-reapplied";

    private readonly RecordStore _store = new(host);

    /// <summary>Puts everything in again that kubelet reads. Returns the paths that were written.</summary>
    public IReadOnlyList<string> Run()
    {
        var record = _store.Read();
        if (record.IsChanging || record.Targets.Count == 0 || host.Exists(Marker))
        {
            return [];
        }

        var desired = DesiredRecord.Of(
            host, record, record.Targets, [.. record.Places.SelectMany(place => place.Edits.Select(edit => (place.Path, (Edit)edit)))]);
        List<Place> changed = [.. desired.Places.Where(place => place.IsForKubelet() && DesiredRecord.Differs(host, place)
            && StandsForWhatIsThere(place))];
        if (changed.Count > 0)
        {
            var paths = changed.ConvertAll(place => place.Path);
            _store.Write(record with { Places = [.. record.Places.Where(place => !paths.Contains(place.Path)), .. changed] });
            changed.ForEach(place => host.Write(place.Path, place.After!, place.Mode()));
            host.Settle();
        }

        MarkDone();
        return [.. changed.Select(place => place.Path)];
    }

    private static bool StandsForWhatIsThere(Place place) => place.Edits.All(
        edit => edit.StandsFor(place.Before is null ? "" : FileText.Of(place.Before).Text, place.Path));

    /// <summary>Says that this boot needs nothing more.</summary>
    public void MarkDone()
    {
        try
        {
            if (host.IsFolder(Path.GetDirectoryName(Marker)!))
            {
                host.Write(Marker, [], UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
        }
        catch (IOException)
        {
            // kubelet's next start looks once more, which is no reason to fail.
        }
    }
}
