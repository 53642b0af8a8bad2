namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// What listings may hold while they are read. None holds more than what is left for the others, so that long ones leave room for short
/// ones.
/// </summary>
internal sealed class ListingMemory
{
    /// <summary>What all may hold together, in bytes.</summary>
    public const long MaxBytes = 48 * 1024 * 1024;

    private long _taken;

    /// <summary>Takes bytes for a listing that has <paramref name="whole"/> then; <c>false</c> when it may not have them.</summary>
    public bool Take(int bytes, int whole)
    {
        if (Interlocked.Add(ref _taken, bytes) + whole <= MaxBytes)
        {
            return true;
        }

        Give(bytes);
        return false;
    }

    public void Give(int bytes) => Interlocked.Add(ref _taken, -bytes);
}
