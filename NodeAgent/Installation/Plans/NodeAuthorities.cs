using System.Text;
using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>
/// The authorities of front doors. What the settings name beside them comes along; what they name from / on is the node's own, which is
/// looked at on the node and never written: it may be what all of the node trusts.
/// </summary>
internal static class NodeAuthorities
{
    /// <summary>The files that come along.</summary>
    /// <exception cref="InstallRefusal">The agent on the node could not use one of them.</exception>
    public static IEnumerable<(string, Edit)> Of(string target, InstallContext context)
    {
        List<RegistrySettings> doors = [.. context.Settings.FrontDoors.Where(door => door.CaFile is not null)];
        var unusable = doors.Select(door => Problem(door, context)).OfType<string>().FirstOrDefault();
        return unusable is not null ? throw new InstallRefusal($"frontDoors: ca: {unusable}")
            : doors.Where(door => door.InstalledCaFile is not null).DistinctBy(door => door.InstalledCaFile)
                .Select(door => (door.InstalledCaFile!, (Edit)new OwnFile(target, Text(door.CaFile!))));
    }

    /// <summary>
    /// What is recorded, without the node's own files that an earlier version took for its own and that were not there before: they stay.
    /// </summary>
    public static NodeRecord WithoutNodes(NodeRecord record, AgentSettings settings) => record with
    {
        Places = [.. record.Places.Where(place => place.Before is not null || !settings.FrontDoors.Any(
            door => door.InstalledCaFile is null && door.CaFile == place.Path))],
    };

    private static string? Problem(RegistrySettings door, InstallContext context) => door.InstalledCaFile is null
            ? Authorities.Problem(context.Host.At(door.CaFile!), $"{door.CaFile} of the node")
        : Directory.Exists(door.CaFile) ? $"{door.CaFile} is a folder: one file comes along; name a folder of the node by its path from /"
        : Authorities.Problem(door.CaFile!, door.CaFile!);

    /// <summary>Comments are in any encoding.</summary>
    private static string Text(string file) => Encoding.Latin1.GetString(BoundedFile.Read(file, Authorities.MaxBundle));
}
