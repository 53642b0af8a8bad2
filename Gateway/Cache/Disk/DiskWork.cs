namespace RegistryProxy.Gateway.Cache.Disk;

/// <summary>
/// Works on the disk on threads of its own: it may take long for all of a blob, and those of the pool serve requests.
/// </summary>
internal static class DiskWork
{
    /// <summary>How many are waited for at once.</summary>
    private const int MaxAtOnce = 16;

    private static readonly SemaphoreSlim Turns = new(MaxAtOnce);

    /// <summary>Does what may take long.</summary>
    public static async Task<T> Run<T>(Func<T> work)
    {
        await Turns.WaitAsync();
        try
        {
            return await OnThread(work);
        }
        finally
        {
            Turns.Release();
        }
    }

    /// <summary>The same for who counts by himself how many there are.</summary>
    public static async Task<T> OnThread<T>(Func<T> work) => await Task.Factory.StartNew(
        work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
