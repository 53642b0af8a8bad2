namespace RegistryProxy.Gateway.Limits;

/// <summary>Permits at hand: one number, changed by compare-and-swap, no lock.</summary>
internal sealed class PermitStock
{
    private int _count;

    /// <summary>How many there are.</summary>
    public int Count
    {
        get => Volatile.Read(ref _count);
        set => Volatile.Write(ref _count, value);
    }

    /// <summary>More are here; how many there are now.</summary>
    public int Add(int permits) => Interlocked.Add(ref _count, permits);

    /// <summary>Takes one, if there is one.</summary>
    /// <param name="left">How many are left.</param>
    public bool TryTake(out int left)
    {
        for (var count = Count; count > 0;)
        {
            left = count - 1;
            var seen = Interlocked.CompareExchange(ref _count, left, count);
            if (seen == count)
            {
                return true;
            }

            count = seen;
        }

        left = 0;
        return false;
    }

    /// <summary>Takes what is more than so many; how much that was.</summary>
    public int TakeBeyond(int usual)
    {
        for (var count = Count; count > usual;)
        {
            var seen = Interlocked.CompareExchange(ref _count, usual, count);
            if (seen == count)
            {
                return count - usual;
            }

            count = seen;
        }

        return 0;
    }
}
