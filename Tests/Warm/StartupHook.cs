using RegistryProxy.Tests.Support.Processes;

/// <summary>
/// The runtime calls it in a process that is started with <c>DOTNET_STARTUP_HOOKS</c>, which runs its program again and again.
/// </summary>
#pragma warning disable CA1050 // The runtime looks for it here.
internal static class StartupHook
{
    public static void Initialize() => WarmLoop.Run();
}
#pragma warning restore CA1050
