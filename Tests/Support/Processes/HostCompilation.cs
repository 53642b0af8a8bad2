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
    /// Variables of the runtime. No profiles; a method is compiled again when it was called 4,096 times (hexadecimal 1000) instead of 30,
    /// which few hosts of tests live to see; compiled code is written where it runs instead of to a second mapping; idle threads of the
    /// pool sleep at once instead of spinning; nobody attaches a debugger; and garbage of so small hosts is collected without threads of
    /// its own.
    /// </summary>
    public static IEnumerable<(string Name, string Value)> Variables => Folder is null ? [] :
    [
        ("DOTNET_TieredPGO", "0"), ("DOTNET_TC_CallCountThreshold", "1000"), ("DOTNET_EnableWriteXorExecute", "0"),
        ("DOTNET_ThreadPool_UnfairSemaphoreSpinLimit", "0"), ("DOTNET_EnableDiagnostics", "0"),
        ("DOTNET_gcServer", "0"), ("DOTNET_gcConcurrent", "0"),
    ];
}
