namespace RegistryProxy.Background;

/// <summary>A pause that is twice as long after each failure in a row.</summary>
/// <param name="First">After the first.</param>
/// <param name="Longest">The most.</param>
public readonly record struct Doubling(TimeSpan First, TimeSpan Longest)
{
    private const int LastDoubling = 30;

    /// <summary>The pause after so many failures.</summary>
    public TimeSpan After(int failures)
    {
        var pause = First * Math.Pow(2, Math.Clamp(failures - 1, 0, LastDoubling));
        return pause < Longest ? pause : Longest;
    }
}
