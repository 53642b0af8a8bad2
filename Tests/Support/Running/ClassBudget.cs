namespace RegistryProxy.Tests.Support.Running;

/// <summary>
/// How much of the time of a whole run one class may take. A share, since machines differ and are busy; and not looked at when the whole
/// run took longer than it should, for then the machine was slower than any budget was made for.
/// </summary>
internal static class ClassBudget
{
    /// <summary>Of the time that all classes took together.</summary>
    public const double MostShare = 0.05;

    /// <summary>What the whole run may take on two idle cores.</summary>
    public static readonly TimeSpan WholeRun = TimeSpan.FromMinutes(12);

    /// <summary>What every class may take.</summary>
    public static readonly TimeSpan Least = TimeSpan.FromSeconds(150);

    /// <summary>Classes that took more than they may, with what they may.</summary>
    /// <param name="classes">All classes of a whole run.</param>
    /// <param name="elapsed">Of that run.</param>
    /// <param name="waiting">How long a class waits for time to pass in the world outside, which it may take in addition.</param>
    public static IReadOnlyList<(ClassTime Class, TimeSpan Limit)> Exceeded(
        IReadOnlyCollection<ClassTime> classes, TimeSpan elapsed, Func<string, TimeSpan> waiting)
    {
        if (elapsed > WholeRun)
        {
            return [];
        }

        var share = classes.Aggregate(TimeSpan.Zero, (sum, type) => sum + type.Wall) * MostShare;
        return [.. classes.Select(type => (Class: type, Limit: (share > Least ? share : Least) + waiting(type.Name)))
            .Where(pair => pair.Class.Wall > pair.Limit)];
    }
}
