using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>Plans a target together with all that is installed already: settings that change reach every place.</summary>
internal static class Planner
{
    public static (NodeRecord Desired, IReadOnlyList<string> Notes) Install(string target, InstallContext context)
    {
        context = context with { Record = NodeAuthorities.WithoutNodes(context.Record, context.Settings) };
        var record = context.Record;
        List<string> notes = [];
        string[] targets = [.. InstallTarget.All.Where(name => name == target || record.Target(name) is not null)];
        if (targets.Contains(InstallTarget.ImageService))
        {
            (context, var note) = ImageServicePlan.Chain(context);
            notes.AddRange(note is null ? [] : [note]);
        }

        List<TargetPlan> plans = [.. targets.Select(name => Plan(name, context))];
        notes.AddRange(plans.Where(plan => plan.Target.Name == target).SelectMany(plan => plan.Notes));
        var desired = DesiredRecord.Of(
            context.Host, record, [.. plans.Select(plan => plan.Target)], [.. plans.SelectMany(plan => plan.Edits)]);
        Foresight.Check(context.Host, context.Platform, desired);
        return (
            desired with
            {
                Platform = context.Platform.Name, Listen = context.Settings.Listen, StateDir = context.Settings.InstalledStateDir,
            },
            notes);
    }

    /// <summary>What the node shall be like without a target; the others stay as they are.</summary>
    public static NodeRecord Uninstall(string target, Files.HostFiles host, NodeRecord record) =>
        Handover.Of(target, record, DesiredRecord.Of(
        host, record, [.. record.Targets.Where(other => other.Name != target)],
        [.. record.Places.SelectMany(place => place.Edits.Where(edit => edit.Target != target).Select(edit => (place.Path, edit)))]));

    /// <summary>What the node shall be like after a change that failed.</summary>
    public static NodeRecord Back(Files.HostFiles host, NodeRecord record)
    {
        var former = record.Former ?? NodeRecord.Empty;
        return DesiredRecord.Of(
            host, record, former.Targets, [.. former.Places.SelectMany(place => place.Edits.Select(edit => (place.Path, edit)))]) with
        {
            Listen = former.Listen ?? record.Listen, StateDir = former.StateDir ?? record.StateDir, ProgramDigest = former.ProgramDigest,
        };
    }

    private static TargetPlan Plan(string target, InstallContext context) => target switch
    {
        InstallTarget.ImageService => ImageServicePlan.Make(context),
        InstallTarget.CredentialProvider => CredentialProviderPlan.Make(context),
        InstallTarget.ContainerdMirror => MirrorPlan.Make(context),
        _ => DockerHelperPlan.Make(context),
    };
}
