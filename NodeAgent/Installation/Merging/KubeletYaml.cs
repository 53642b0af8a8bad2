namespace RegistryProxy.NodeAgent.Installation.Merging;

/// <summary>kubelet's own configuration: one key of the top level, added as a line so that everything else stays as it is written.</summary>
internal static class KubeletYaml
{
    private const string Key = "imageServiceEndpoint:";

    public static Merged SetImageService(string text, string file, string endpoint)
    {
        if (ImageServiceOf(text) is { } known)
        {
            return known == endpoint ? new Merged(text, null) : throw new InstallRefusal($"{file} sets imageServiceEndpoint to {known} already");
        }

        var line = $"{Key} {endpoint}\n";
        return new Merged(text.Length == 0 || text.EndsWith('\n') ? text + line : $"{text}\n{line}", line);
    }

    /// <summary>The image service that kubelet is told to use; <c>null</c> for none.</summary>
    public static string? ImageServiceOf(string text) => text.Split('\n')
        .Select(line => line.Trim().Replace("\"", "", StringComparison.Ordinal).TrimEnd(',')).Where(line => line.StartsWith(Key, StringComparison.Ordinal))
        .Select(line => line[Key.Length..].Trim()).FirstOrDefault(value => value.Length > 0);
}
