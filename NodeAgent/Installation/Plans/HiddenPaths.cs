using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>What the agent's unit hides from it (<c>ProtectHome</c>, <c>PrivateTmp</c>): it would not start, or be found.</summary>
internal static class HiddenPaths
{
    private static readonly string[] Temporary = ["/tmp", "/var/tmp"];
    private static readonly string[] Folders = ["/root", "/home", "/run/user", .. Temporary];

    /// <exception cref="InstallRefusal">The settings name something there.</exception>
    public static void Refuse(InstallContext context)
    {
        var settings = context.Settings;
        (string Field, string? Path)[] named =
        [
            ("listen", settings.Listen), ("stateDir", settings.InstalledStateDir), ("runtime.endpoint", settings.Runtime.Socket),
            .. settings.FrontDoors.SelectMany(door => new[]
            {
                ("ca", door.InstalledCaFile ?? door.CaFile),
                ("identity.tokenFile", door.Identity?.InstalledTokenFile ?? door.Identity?.TokenFile),
                ("identity.password.file", door.Identity?.Password is { } password ? password.InstalledPath ?? password.Path : null),
            }),
        ];
        foreach (var (field, path) in named)
        {
            var hidden = context.Platform.ShowsHome && field is not ("listen" or "stateDir") ? Temporary : Folders;
            if (path is { Length: > 0 } && (Hides(hidden, path) ?? Hides(hidden, OnNode(context.Host, path))) is { } folder)
            {
                throw new InstallRefusal(
                    $"{field}: {path} is below {folder}, which the unit of the agent hides from it (ProtectHome, PrivateTmp): use a path "
                        + "below /etc/registryproxy, /run or /var/lib");
            }
        }
    }

    private static string? Hides(string[] folders, string path) =>
        Array.Find(folders, folder => HostPath.Tidy(path).StartsWith($"{folder}/", StringComparison.Ordinal));

    /// <summary>Where its links lead on the node.</summary>
    private static string OnNode(HostFiles host, string path) => host.At(path)[host.Root.TrimEnd('/').Length..];
}
