using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>What every target needs: the program, its settings, and for some the unit under which it serves.</summary>
internal static class AgentUnit
{
    public const string Name = "registryproxy-nodeagent";
    public const string File = $"/etc/systemd/system/{Name}.service";

    /// <summary>The folder that systemd makes for it, and keeps when it ends.</summary>
    public const string RuntimeFolder = $"/run/{RuntimeName}";

    private const string RuntimeName = "registryproxy";

    /// <summary>What makes systemd start it with the machine.</summary>
    public const string Wanted = $"/etc/systemd/system/multi-user.target.wants/{Name}.service";

    /// <summary>What makes kubelet's unit wait for it.</summary>
    public const string KubeletDropIn = "/etc/systemd/system/kubelet.service.d/50-registryproxy.conf";

    /// <summary>The settings, and what they name beside them.</summary>
    public static IEnumerable<(string, Edit)> Settings(string target, InstallContext context) =>
    [
        (AgentFiles.Settings, new OwnFile(target, context.SettingsText, Secret: true)),
        .. NodeAuthorities.Of(target, context),
        .. NodeSecrets.Of(target, context),
    ];

    /// <summary>
    /// Up before kubelet, which does not start without its image service, and back at once whenever it ends. It is started when its sockets
    /// answer.
    /// </summary>
    public static (string, Edit) Service(string target, InstallContext context) => (File, new OwnFile(target, Unit(context)));

    private static string Unit(InstallContext context)
    {
        HiddenPaths.Refuse(context);
        return $"""
            [Unit]
            Description=RegistryProxy NodeAgent
            After=containerd.service docker.service crio.service
            Before=kubelet.service
            StartLimitIntervalSec=0

            [Service]
            Type=notify
            ExecStart={context.Platform.Program} serve
            Restart=always
            RestartSec=1
            TimeoutStartSec=30
            RuntimeDirectory={RuntimeName}
            RuntimeDirectoryMode=0700
            RuntimeDirectoryPreserve=yes
            StateDirectory=registryproxy
            StateDirectoryMode=0700
            NoNewPrivileges=yes
            ProtectHome={(context.Platform.ShowsHome ? "read-only" : "yes")}
            PrivateTmp=yes

            [Install]
            WantedBy=multi-user.target

            """;
    }

    /// <summary>
    /// kubelet starts after the socket is there; where the platform writes kubelet's files anew at boot, what was taken out is put in
    /// again.
    /// </summary>
    public static (string, Edit) KubeletAfterAgent(string target, InstallContext context) => (KubeletDropIn, new OwnFile(target, $"""
        [Unit]
        Wants={Name}.service
        After={Name}.service
        {(context.Platform.RewritesAtBoot ? $"\n[Service]\nExecStartPre=-{context.Platform.Program} reapply\n" : "")}
        """, Kubelets: true));
}
