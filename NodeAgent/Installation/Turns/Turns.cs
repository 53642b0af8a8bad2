using RegistryProxy.NodeAgent.ApiServer;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Turns;

/// <summary>
/// The turns that a DaemonSet asks for: <c>REGISTRYPROXY_TURNS=NAMESPACE/NAME:COUNT</c>, with the service account of the pod.
/// </summary>
internal static class Turns
{
    public const string Variable = "REGISTRYPROXY_TURNS";

    /// <summary>The turn of this node; <c>null</c> when none is asked for.</summary>
    /// <exception cref="InstallRefusal">What is asked for cannot be read.</exception>
    public static Turn? OfEnvironment(TextWriter output, TimeProvider time)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } asked)
        {
            return null;
        }

        if (asked.Split('/', ':') is not [{ Length: > 0 } space, { Length: > 0 } name, var number]
            || !TurnCount.TryParse(number, out var count))
        {
            throw new InstallRefusal($"{Variable} is '{asked}', and must be NAMESPACE/NAME:COUNT, such as "
                + $"registryproxy-nodeagent/nodeagent:1, or :10% of the nodes");
        }

        var api = KubernetesApi.OfPod(time)
            ?? throw new InstallRefusal($"{Variable} is set outside of a pod: there is no API server to ask");
        var node = Environment.GetEnvironmentVariable("NODE_NAME") is { Length: > 0 } told ? told : Environment.MachineName;
        return new Turn(new LeaseApi(api, space), name, count, node, output, time);
    }
}
