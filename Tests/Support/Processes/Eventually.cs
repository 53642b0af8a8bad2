namespace RegistryProxy.Tests.Support.Processes;

/// <summary>Waits for a condition: the only way in which tests wait.</summary>
internal static class Eventually
{
    public static async Task True(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        var deadline = DateTime.UtcNow + (within ?? TimeSpan.FromSeconds(60));
        while (true)
        {
            // A machine that was busy beyond the deadline still gets a look after it.
            var isLast = DateTime.UtcNow > deadline;
            if (await condition())
            {
                return;
            }

            if (isLast)
            {
                throw new TimeoutException($"it did not become true in time that {what}");
            }

            await Task.Delay(20);
        }
    }

    public static Task True(Func<bool> condition, string what, TimeSpan? within = null) =>
        True(() => Task.FromResult(condition()), what, within);
}
