namespace RegistryProxy.Tests.Support.Running;

/// <summary>
/// Tests that wait for time to pass in processes which cannot be told a time: they start first, and may take as much longer. At the
/// definition of a collection: its classes, which run one after the other.
/// </summary>
/// <param name="seconds">How long they wait, in all, in the slice of every run.</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class WaitsAttribute(int seconds) : Attribute
{
    public TimeSpan Time { get; } = TimeSpan.FromSeconds(seconds);

    /// <summary>That of a class, by its full name.</summary>
    public static TimeSpan Of(string? name) =>
        name is not null && typeof(WaitsAttribute).Assembly.GetType(name)?.GetCustomAttributes(
            typeof(WaitsAttribute), false) is [WaitsAttribute waits] ? waits.Time : TimeSpan.Zero;
}
