using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>A real file system with little room.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    public string Path => _folder.Path;

    public static async Task<SmallDisk> Mount(int megabytes)
    {
        var disk = new SmallDisk();
        (await Shell.Run("mount", ["-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", disk.Path])).ShouldSucceed();
        return disk;
    }

    /// <summary>
    /// Whether it may be written. Files that are open for writing forbid the change, and a download may have its own a moment longer than
    /// its client waits.
    /// </summary>
    public Task SetWritable(bool writable) => Eventually.True(
        async () => (await Shell.Run("mount", ["-o", writable ? "remount,rw" : "remount,ro", Path])).ExitCode == 0,
        "the disk is mounted anew");

    public async ValueTask DisposeAsync()
    {
        await Shell.Run("umount", ["-l", Path]);
        _folder.Dispose();
    }
}
