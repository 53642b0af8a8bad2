using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>
/// docker's credential helper for root's docker: the program under the name that docker looks for, and one line a front door.
/// </summary>
internal static class DockerHelperPlan
{
    private const string Target = InstallTarget.DockerHelper;
    private const string Config = "/root/.docker/config.json";

    public static TargetPlan Make(InstallContext context) => new(
        new TargetRecord
        {
            Name = Target, Programs = [context.Platform.Program], NeedsAgent = false,
            Links = new Dictionary<string, string> { ["/usr/local/bin/docker-credential-registryproxy"] = context.Platform.Program },
        },
        [
            .. AgentUnit.Settings(Target, context),
            (Config, new DockerHelpers(
                Target,
                [.. context.Settings.FrontDoors.SelectMany(registry => registry.Images).Select(pattern => pattern.Host)
                    .Where(name => !name.Contains('*')).Distinct()])),
        ],
        []);
}
