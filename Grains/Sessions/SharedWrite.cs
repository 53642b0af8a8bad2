namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// Writes for several callers of one grain at once. A write that runs does not hold what changed since it began, so whoever comes meanwhile
/// shares the next one. For the single thread of a grain.
/// </summary>
internal sealed class SharedWrite(Func<Task> write)
{
    private Task _running = Task.CompletedTask;
    private Task? _next;

    /// <summary>Ends when a write that began after this call has ended; fails as it does.</summary>
    public Task Write() => _next ??= After(_running);

    private async Task After(Task running)
    {
        // Whoever else has work in this turn comes along; and the caller must know this task before it begins to write.
        await Task.Yield();
        await running.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        (_running, _next) = (_next!, null);
        await write();
    }
}
