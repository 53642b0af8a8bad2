namespace RegistryProxy.NodeAgent.Installation.Files;

/// <summary>
/// Names of files beside another one for as long as that changes. No pattern of systemd's, kubelet's or containerd's means a name that
/// begins with a dot, so none of them reads one.
/// </summary>
internal static class HiddenName
{
    /// <summary>The file while it is written.</summary>
    public static string Unfinished(string path) => Beside(path, "registryproxy-new");

    /// <summary>
    /// What a replaced program or file waits under until the new one has proved itself: the way back takes no room on a disk that has
    /// become full.
    /// </summary>
    public static string Former(string path) => Beside(path, "registryproxy-old");

    /// <summary>Every such name of a path, those that earlier versions gave among them.</summary>
    public static string[] All(string path) => [Unfinished(path), Former(path), $"{path}.registryproxy-new", $"{path}.registryproxy-old"];

    private static string Beside(string path, string suffix) =>
        Path.Join(Path.GetDirectoryName(path), $".{Path.GetFileName(path)}.{suffix}");
}
