using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Installation.Files;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>
/// One installation at a time, and none while kubelet is watched. The folder is one that a boot empties; an image of a machine has none.
/// </summary>
internal static class InstallLock
{
    public const string Change = "/run/registryproxy-install.lock";
    public const string Watch = "/run/registryproxy-watch.lock";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Takes a lock, or waits for it as long as is said; <c>null</c> where no lock is needed.</summary>
    /// <exception cref="IOException">Another one has it all the time: what becomes of this node is not known yet.</exception>
    public static async Task<IDisposable?> Take(
        HostFiles host, string path, TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        if (!host.IsFolder(Path.GetDirectoryName(path)!))
        {
            return null;
        }

        for (var end = time.GetSteadyNow() + timeout; ; await Task.Delay(Pause, time, cancellation))
        {
            try
            {
                return new FileStream(
                    host.At(path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException) when (time.GetSteadyNow() < end)
            {
                continue;
            }
            catch (IOException fault)
            {
                throw new IOException($"another installation is running on this node: {fault.Message}", fault);
            }
        }
    }
}
