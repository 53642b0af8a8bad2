using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Records;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>Shows what would change.</summary>
internal static class Display
{
    public static void Show(Node node, NodeRecord desired, bool program)
    {
        foreach (var place in desired.Places.Where(place => DesiredRecord.Differs(node.Host, place)))
        {
            node.Output.Write(
                TextDiff.Of(place.Path, node.Host.Read(place.Path), place.After is null ? null : FileText.Of(place.After).Text));
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
}
