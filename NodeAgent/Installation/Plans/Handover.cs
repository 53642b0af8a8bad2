using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Records;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>
/// kubelet knows one list of credential providers, by two flags. Where this program set them and others have put their own providers into
/// the list since, the flags are theirs as much: they stay when this program goes.
/// </summary>
internal static class Handover
{
    /// <param name="target">The target that goes.</param>
    /// <param name="record">What is recorded.</param>
    /// <param name="desired">The node without the target.</param>
    public static NodeRecord Of(string target, NodeRecord record, NodeRecord desired)
    {
        var lists = desired.Places.Where(IsOfOthers).Select(place => place.Path).ToList();
        var flags = record.Places.ToDictionary(place => place.Path, place => FlagsOf(target, place));
        return !flags.Values.Any(list => list.Any(flag => lists.Contains(flag.Value)))
            ? desired
            : desired with { Places = [.. desired.Places.Select(place => Kept(place, flags.GetValueOrDefault(place.Path) ?? []))] };
    }

    private static List<KubeletFlag> FlagsOf(string target, Place place) =>
    [
        .. (place.Edits.Count > 0 ? place.Edits : place.Cleared).OfType<KubeletFlag>().Where(flag => flag.Target == target
            && flag.Flag is KubeletView.ProviderConfigFlag or KubeletView.ProviderFolderFlag),
    ];

    private static bool IsOfOthers(Place place) => place is { Edits.Count: 0, After: { } after } && place.Cleared.OfType<Providers>().Any()
        && !ProviderConfigText.IsEmpty(FileText.Of(after).Text, place.Path);

    /// <summary>The place as if the flags had always been there.</summary>
    private static Place Kept(Place place, List<KubeletFlag> flags) => flags.Count == 0 ? place : place with
    {
        Before = With(place.Before, place.Path, flags), After = With(place.After, place.Path, flags),
        Cleared = [.. place.Cleared.Except(flags)], Created = false,
    };

    private static byte[]? With(byte[]? bytes, string path, List<KubeletFlag> flags)
    {
        var file = FileText.Of(bytes ?? []);
        return file.With(flags.Aggregate(file.Text, (text, flag) => flag.Put(text, path)));
    }
}
