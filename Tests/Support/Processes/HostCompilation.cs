namespace RegistryProxy.Tests.Support.Processes;

/// <summary>
/// Hosts that <c>test.sh</c> compiled ahead of time, and told the runtime not to compile again soon, start for less. Tests that measure
/// have them as they are built.
/// </summary>
internal static class HostCompilation
{
    private static readonly string? Compiled = Environment.GetEnvironmentVariable("REGISTRYPROXY_HOSTS") is { Length: > 0 } folder
        ? folder : null;

    /// <summary>Where they are, each in a folder of its project's name; <c>null</c> where hosts are run as they are built.</summary>
    public static string? Folder => TestContext.Current.TestCollection?.TestCollectionDisplayName == AloneCollection.Name ? null : Compiled;

    /// <summary>
    /// Variables of the runtime. No profiles; a method is compiled again when it was called 256 times (hexadecimal 100) instead of 30;
    /// compiled code is written where it runs instead of to a second mapping; and idle threads of the pool sleep at once instead of
    /// spinning.
    /// </summary>
    public static IEnumerable<(string Name, string Value)> Variables => Folder is null ? [] :
    [
        ("DOTNET_TieredPGO", "0"), ("DOTNET_TC_CallCountThreshold", "100"), ("DOTNET_EnableWriteXorExecute", "0"),
        ("DOTNET_ThreadPool_UnfairSemaphoreSpinLimit", "0"),
    ];
}
