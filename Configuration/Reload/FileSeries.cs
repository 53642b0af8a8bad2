using System.Text.RegularExpressions;

namespace RegistryProxy.Configuration.Reload;

/// <summary>
/// Under what name is remembered what the file of a silo said: machine and path. Pods of a Deployment have another name each time; they
/// are one series, in which each new text is remembered with what was in force when it first came.
/// </summary>
/// <param name="Name">The name.</param>
/// <param name="IsShared">Whether silos that come and go have it together.</param>
public sealed partial record FileSeries(string Name, bool IsShared)
{
    /// <summary>Of a file of this machine.</summary>
    /// <param name="path">The file.</param>
    public static FileSeries OfThisMachine(string path) => Of(
        Environment.GetEnvironmentVariable("POD_NAME") is { Length: > 0 } pod ? pod : Environment.MachineName, Path.GetFullPath(path),
        Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST") is { Length: > 0 });

    /// <summary>Of a file of a machine.</summary>
    /// <param name="machine">Its name; of a pod, that of the pod.</param>
    /// <param name="path">The file.</param>
    /// <param name="isPod">Whether it is a pod.</param>
    public static FileSeries Of(string machine, string path, bool isPod) =>
        isPod && OfDeployment().Match(machine) is { Success: true } match
            ? new FileSeries($"{match.Groups[1].Value}-*:{path}", IsShared: true) : new FileSeries($"{machine}:{path}", IsShared: false);

    /// <summary>
    /// Pods of a Deployment: its name, the hash of the ReplicaSet, and five characters of Kubernetes' alphabet of random names.
    /// </summary>
    [GeneratedRegex("^(.+)-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$", RegexOptions.NonBacktracking)]
    private static partial Regex OfDeployment();
}
