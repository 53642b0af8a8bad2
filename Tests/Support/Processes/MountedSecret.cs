namespace RegistryProxy.Tests.Support.Processes;

/// <summary>Files as kubelet mounts those of a Secret or a ConfigMap: links by way of <c>..data</c>, which is replaced in one go.</summary>
internal sealed class MountedSecret(TemporaryFolder folder, string name)
{
    private readonly string _path = Directory.CreateDirectory(folder.File(name)).FullName;
    private int _version;

    public string File(string file) => Path.Combine(_path, file);

    /// <summary>Replaces all files by others.</summary>
    public async Task Swap(params (string File, string Text)[] files)
    {
        var version = $"..version-{_version++}";
        Directory.CreateDirectory(File(version));
        foreach (var (file, text) in files)
        {
            System.IO.File.WriteAllText(Path.Combine(File(version), file), text);
            if (!System.IO.File.Exists(File(file)))
            {
                System.IO.File.CreateSymbolicLink(File(file), $"..data/{file}");
            }
        }

        System.IO.File.CreateSymbolicLink(File("..data_tmp"), version);
        (await Shell.Run("mv", ["-T", File("..data_tmp"), File("..data")])).ShouldSucceed();
    }
}
