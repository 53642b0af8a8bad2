using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>What every target needs: the program, its settings, and for some the unit under which it serves.</summary>
internal static class AgentFilesPlan
{
    public const string Unit = "/etc/systemd/system/registryproxy-nodeagent.service";

    /// <summary>The settings, and the authorities that they name.</summary>
    public static IEnumerable<FileChange> Settings(InstallContext context) =>
    [
        FileChange.Own(context.Host, AgentFiles.Settings, context.SettingsText, secret: true),
        .. context.Settings.FrontDoors.Where(door => door.CaFile is not null).DistinctBy(door => door.InstalledCaFile)
            .Select(door => FileChange.Own(context.Host, door.InstalledCaFile!, BoundedFile.ReadText(door.CaFile!))),
    ];

    /// <summary>Up before kubelet, which does not start without its image service, and back at once whenever it ends.</summary>
    public static FileChange Service(InstallContext context) => FileChange.Own(context.Host, Unit, $"""
        [Unit]
        Description=RegistryProxy NodeAgent
        After=network-online.target containerd.service docker.service crio.service
        Wants=network-online.target
        Before=kubelet.service

        [Service]
        ExecStart={context.Platform.Program} serve
        Restart=always
        RestartSec=1
        RuntimeDirectory=registryproxy
        RuntimeDirectoryMode=0700
        RuntimeDirectoryPreserve=yes
        StateDirectory=registryproxy
        StateDirectoryMode=0700
        NoNewPrivileges=yes
        ProtectHome={(context.Platform.Program.StartsWith("/home/", StringComparison.Ordinal) ? "read-only" : "yes")}
        PrivateTmp=yes

        [Install]
        WantedBy=multi-user.target

        """);
}
