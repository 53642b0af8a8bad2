using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>
/// Whether images go where kubelet's containers are made: those in another runtime are of no use, and no new pod would start.
/// </summary>
internal static class RuntimeMatch
{
    private static readonly string[] OfDocker = ["dockerd", "dockershim"];
    private static readonly string[] OfCrio = ["crio"];
    private static readonly string[] OfOthers = ["containerd", .. OfCrio];

    /// <summary>Sockets of runtimes; what else is named is an image service, such as a snapshotter's, which pulls for one.</summary>
    private static readonly string[] Runtimes = ["containerd.sock", "crio.sock", "cri-dockerd.sock", "dockershim.sock"];

    /// <exception cref="InstallRefusal">The settings name another runtime than kubelet's, and both.</exception>
    public static void RefuseOther(InstallContext context)
    {
        // An image service that kubelet uses already pulls for its runtime, whatever that is.
        if (ImageServicePlan.Other(context) is not null || context.Kubelet.Runtime is not { } used)
        {
            return;
        }

        var (runtime, path) = (context.Settings.Runtime, UnixEndpoint.PathOf(used));
        if (runtime.IsDocker ? Names(path, OfOthers)
            : IsRuntime(runtime.Socket) && !IsSame(context.Host, runtime.Socket, path))
        {
            var right = Names(path, OfDocker) ? "{ type: docker }" : $"{{ type: cri, endpoint: \"unix://{path}\" }}";
            throw new InstallRefusal(
                $"kubelet runs its containers by {used}, and the settings name {(runtime.IsDocker ? "docker at " : "")}unix://"
                    + $"{runtime.Socket}: images that are pulled there are of no use to it. Say runtime: {right}, or, where an image "
                    + "service stands in front of that runtime, have kubelet use it first; then install again");
        }
    }

    /// <exception cref="InstallRefusal">kubelet's runtime is known, and is no containerd.</exception>
    public static void RefuseOtherThanContainerd(InstallContext context)
    {
        string? used;
        try
        {
            used = context.Kubelet.Runtime;
        }
        catch (InstallRefusal)
        {
            // A configuration of kubelet's that this program cannot change does not matter where it need not be changed.
            return;
        }

        if (used is not null && UnixEndpoint.PathOf(used) is var path && (Names(path, OfCrio) || Names(path, OfDocker)))
        {
            throw new InstallRefusal(
                $"kubelet runs its containers by {used}, which is no containerd, so no mirror of containerd would be used: use --target "
                    + "image-service or credential-provider");
        }
    }

    private static bool IsRuntime(string socket) => Runtimes.Contains(Path.GetFileName(socket));

    private static bool Names(string path, string[] programs) => Array.Exists(
        programs, program => path.Contains(program, StringComparison.Ordinal));

    /// <summary>One socket; <c>/var/run</c> is <c>/run</c>, also on an image whose links are not made yet.</summary>
    private static bool IsSame(HostFiles host, string one, string other) => host.AreOne(Run(one), Run(other));

    private static string Run(string path) => HostPath.Tidy(path) is var tidy && tidy.StartsWith("/var/run/", StringComparison.Ordinal)
        ? tidy["/var".Length..] : tidy;
}
