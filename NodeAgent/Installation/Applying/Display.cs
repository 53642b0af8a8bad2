using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Records;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>Shows what would change, and no secret.</summary>
internal static class Display
{
    public static void Show(Node node, NodeRecord desired, bool program)
    {
        foreach (var place in desired.Places.Where(place => DesiredRecord.Differs(node.Host, place)))
        {
            var (before, after) = (node.Host.Read(place.Path), place.After is null ? null : FileText.Of(place.After).Text);
            node.Output.Write(place.Edits.Concat(place.Cleared).Any(edit => edit.IsAmongSecrets)
                ? $"{TextDiff.Heading(place.Path, before, after)}{Words(place)}"
                : TextDiff.Of(place.Path, before, after));
        }

        foreach (var path in desired.Targets.SelectMany(target => program ? target.Programs.Concat(target.Links.Keys) : target.Links.Keys)
            .Distinct())
        {
            node.Output.WriteLine($"program {path}");
        }

        foreach (var path in desired.Unneeded())
        {
            node.Output.WriteLine($"remove {path}");
        }
    }

    /// <summary>What comes and goes, where lines would show secrets.</summary>
    private static string Words(Place place) => string.Concat(
        place.Cleared.Select(edit => $"-({edit})\n").Concat(place.Edits.Select(edit => $"+({edit})\n"))
            .Prepend("(it may hold secrets, so its lines are not shown)\n"));
}
