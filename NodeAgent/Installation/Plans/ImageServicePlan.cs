using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Merging.Flags;
using RegistryProxy.NodeAgent.Installation.Merging.Yaml;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>kubelet's image service: the agent under systemd, then one word to kubelet, where it counts.</summary>
internal static class ImageServicePlan
{
    private const string Target = InstallTarget.ImageService;

    public static TargetPlan Make(InstallContext context)
    {
        if (context.Platform.HasKubeletWithin)
        {
            throw new InstallRefusal(
                "k3s and RKE2 run kubelet and its containerd within themselves, and nothing can be put between them: use --target "
                    + "credential-provider");
        }

        Bootstrap.RefuseBefore(context);
        RuntimeMatch.RefuseOther(context);
        var endpoint = $"unix://{context.Settings.Listen}";
        return new TargetPlan(
            new TargetRecord
            {
                Name = Target, Programs = [context.Platform.Program], NeedsAgent = true, Endpoint = endpoint,
                Links = new Dictionary<string, string> { [AgentUnit.Wanted] = AgentUnit.File },
            },
            [
                .. AgentUnit.Settings(Target, context), AgentUnit.Service(Target, context), AgentUnit.KubeletAfterAgent(Target, context),
                Kubelet(context, endpoint),
            ],
            ["every pod of this node can use the images that the node may pull; where that is too much, use --target credential-provider "
                + "with workloads"]);
    }

    /// <summary>
    /// The settings with the image service that kubelet used before behind the agent: whoever is in kubelet's way keeps its place.
    /// </summary>
    public static (InstallContext Context, string? Note) Chain(InstallContext context)
    {
        var other = Other(context);
        if (other is null || (!context.Settings.Runtime.IsDocker && UnixEndpoint.Same(context.Settings.Runtime.Socket, other)))
        {
            return (context, null);
        }

        var socket = UnixEndpoint.PathOf(other);
        if (!socket.StartsWith('/'))
        {
            throw new InstallRefusal(
                $"kubelet's image service is {other} already, and the agent can stand in front of a unix socket alone; take it out of "
                    + "kubelet's configuration, and install again");
        }

        (other, var found) = ($"unix://{socket}", other);
        if (context.Settings.Runtime.IsDocker)
        {
            throw new InstallRefusal(
                $"kubelet's image service is {other} already, and the settings name docker; put it behind the agent with runtime: {{ "
                    + $"type: cri, endpoint: \"{other}\" }} and install again");
        }

        const string File = "the settings";
        var runtime = YamlSpans.Read(context.SettingsText, File)["runtime"]
            ?? throw new InstallRefusal($"kubelet's image service is {other} already; say runtime: {{ type: cri, endpoint: \"{other}\" }}");
        var text = YamlMappings.Set(context.SettingsText, runtime, "endpoint", other);
        return (
            context with { SettingsText = text },
            $"kubelet's image service was {found}; the agent stands in front of it now (runtime.endpoint of the installed settings)");
    }

    /// <summary>The image service that kubelet would use without this agent; <c>null</c> for its runtime.</summary>
    public static string? Other(InstallContext context)
    {
        var replaced = context.Record.Places.SelectMany(place => place.Edits.Concat(place.Cleared).Select(edit => (place.Path, Edit: edit)))
            .Where(pair => pair.Edit is KubeletEndpoint or KubeletFlag && context.Host.Read(pair.Path) is { } text
                && pair.Edit.IsIn(text, pair.Path))
            .Select(pair => pair.Edit is KubeletEndpoint inFile ? inFile.Replaced
                : ((KubeletFlag)pair.Edit).Flag == KubeletView.ImageServiceFlag ? ((KubeletFlag)pair.Edit).Replaced : null)
            .LastOrDefault(value => value is not null);
        return replaced ?? (context.Kubelet.ImageServices().LastOrDefault(setting => !IsOurs(context, setting.Endpoint))?.Endpoint
            is { Length: > 0 } endpoint ? endpoint : null);
    }

    private static bool IsOurs(InstallContext context, string endpoint)
    {
        var known = context.Record.Places.SelectMany(place => place.Edits.Concat(place.Cleared))
            .Select(edit => edit is KubeletEndpoint inFile ? inFile.Endpoint : (edit as KubeletFlag)?.Value)
                .Append(context.Record.Target(Target)?.Endpoint);
        return known.Append(context.Settings.Listen).Any(ours => UnixEndpoint.Same(ours, endpoint));
    }

    private static (string, Edit) Kubelet(InstallContext context, string endpoint)
    {
        var (host, view) = (context.Host, context.Kubelet);
        var settings = view.ImageServices().ToList();
        if (settings.LastOrDefault() is { IsFlag: true } flag && !(flag.File is null && IsOurs(context, flag.Endpoint)))
        {
            return flag is { File: { } file, Variable: { } variable }
                ? (file, Flag(context, file, variable, endpoint, flag.Endpoint))
                : throw new InstallRefusal(
                    $"kubelet runs with {KubeletView.ImageServiceFlag}={flag.Endpoint}, and no file that its unit reads says so; take it "
                        + $"out where it comes from, and install again");
        }

        if (view.ConfigFolder is { } folder)
        {
            var dropIns = settings.Where(setting => setting.File?.StartsWith($"{folder}/", StringComparison.Ordinal) == true);
            return ($"{folder}/{DropInName(context, folder, dropIns)}", new KubeletEndpoint(Target, endpoint, null));
        }

        if (view.Config is { } config && host.Bytes(config) is not null)
        {
            var here = settings.Find(setting => setting.File == config)?.Endpoint;
            var (replaced, spelling) = here is not null && IsOurs(context, here)
                ? Recorded(context, config)
                : (Named(here), KubeletConfigText.Spelling(host.Read(config)!, config));
            return (config, new KubeletEndpoint(Target, endpoint, replaced, spelling));
        }

        return ByFlag(context, endpoint);
    }

    private static (string, Edit) ByFlag(InstallContext context, string endpoint)
    {
        if (context.Platform.Name == "kubeadm" && !context.Kubelet.IsKnown)
        {
            throw new InstallRefusal($"{context.Platform.Config} is not there: this node has not joined a cluster by kubeadm yet");
        }

        KubeletProgram.RefuseWithoutTheFlag(context);
        var (file, variable) = context.Kubelet.FlagVariable ?? throw new InstallRefusal(
            "kubelet's unit takes its flags from no variable, and it has no configuration file: this node does not let its kubelet "
                + "be changed");
        if (context.Host.Read(file) is not { } text)
        {
            throw new InstallRefusal(
                $"{file} is not there: this node does not let its kubelet be changed (GKE Autopilot and the like); use --target "
                    + $"containerd-mirror or the platform's own registry settings");
        }

        return text.Contains(variable, StringComparison.Ordinal)
            ? (file, Flag(context, file, variable, endpoint, null))
            : throw new InstallRefusal($"{file} has no {variable}: this node's kubelet does not take its flags from there");
    }

    /// <summary>A name behind every drop-in, or folder with one, that sets the same: the last one counts.</summary>
    private static string DropInName(InstallContext context, string folder, IEnumerable<ImageServiceSetting> others)
    {
        const string Name = "50-registryproxy.conf";
        var last = others.Where(other => !IsOurs(context, other.Endpoint))
            .Select(other => other.File![(folder.Length + 1)..].Split('/')[0]).LastOrDefault();
        return last is null || string.CompareOrdinal(last, Name) < 0
            ? Name
            : $"{(last.EndsWith(".conf", StringComparison.Ordinal) ? last[..^5] : last)}.z-registryproxy.conf";
    }

    /// <summary>The flag in place of the one that is there, which may be of an earlier installation or empty.</summary>
    private static KubeletFlag Flag(InstallContext context, string file, string variable, string endpoint, string? here)
    {
        const string Name = KubeletView.ImageServiceFlag;
        var (replaced, spelling) = here is not null && IsOurs(context, here)
            ? Recorded(context, file)
            : (Named(here), FlagText.Spelling(context.Host.Read(file) ?? "", file, variable, Name));
        return new KubeletFlag(Target, variable, Name, endpoint, replaced, spelling);
    }

    private static string? Named(string? endpoint) => endpoint is { Length: > 0 } ? endpoint : null;

    /// <summary>What stood in a file before this program came.</summary>
    private static (string? Replaced, string? Spelling) Recorded(InstallContext context, string file) =>
        context.Record.Places.Where(place => context.Host.AreOne(place.Path, file)).SelectMany(place => place.Edits.Concat(place.Cleared))
        .Select(edit => edit switch
        {
            KubeletEndpoint inFile => (inFile.Replaced, inFile.Spelling),
            KubeletFlag { Flag: KubeletView.ImageServiceFlag } flag => (flag.Replaced, flag.Spelling),
            _ => (null, null),
        }).FirstOrDefault(known => known.Replaced is not null || known.Spelling is not null);
}
