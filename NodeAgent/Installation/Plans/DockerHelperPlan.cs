using RegistryProxy.NodeAgent.Installation.Merging;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>docker's credential helper for root's docker: the program under the name that docker looks for, and one line a front door.</summary>
internal static class DockerHelperPlan
{
    private const string Config = "/root/.docker/config.json";

    public static InstallPlan Make(InstallContext context)
    {
        var host = context.Host;
        var before = host.Read(Config);
        var merged = DockerConfig.AddHelpers(before ?? "{}", Config, context.Settings.FrontDoors.SelectMany(door => door.Images).Select(pattern => pattern.Host).Where(name => !name.Contains('*')));
        return new InstallPlan
        {
            Target = InstallTarget.DockerHelper,
            Files =
            [
                .. AgentFilesPlan.Settings(context),
                before is null ? FileChange.Own(host, Config, merged.Text, secret: true) : FileChange.Merge(host, Config, before, merged),
            ],
            Programs = [context.Platform.Program],
            Links = ["/usr/local/bin/docker-credential-registryproxy"],
        };
    }
}
