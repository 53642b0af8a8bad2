using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>
/// What identities are proved by, where the settings name it beside them: the installed agent looks beside the installed ones, and runs in
/// no environment of people.
/// </summary>
internal static class NodeSecrets
{
    /// <summary>The files of passwords that come along.</summary>
    /// <exception cref="InstallRefusal">Something cannot come along.</exception>
    public static IEnumerable<(string, Edit)> Of(string target, InstallContext context)
    {
        List<IdentitySettings> identities = [.. context.Settings.FrontDoors.Select(door => door.Identity).OfType<IdentitySettings>()];
        if (target != InstallTarget.DockerHelper && identities.Find(identity => identity.Password?.Variable is not null) is { } inVariable)
        {
            throw new InstallRefusal(
                $"identity.password.env: the environment of this command, with {inVariable.Password!.Variable}, is not that of the agent "
                    + "on the node: name a file, password: { file: PATH }");
        }

        if (identities.Find(one => one.InstalledTokenFile is { } path && context.Host.At(path) != one.TokenFile) is { } other)
        {
            throw new InstallRefusal(
                $"identity.tokenFile: {other.TokenFile} is written anew again and again, so a copy of it is no use to the agent on the "
                    + "node, which would look beside its own settings: write the path from / on");
        }

        return identities.Select(identity => identity.Password).OfType<SecretFile>().Where(file => file.InstalledPath is not null)
            .DistinctBy(file => file.InstalledPath)
            .Select(file => (file.InstalledPath!, (Edit)new OwnFile(target, BoundedFile.ReadText(file.Path!, SecretFile.MaxBytes), true)));
    }
}
