using RegistryProxy.Tests.Profile;

/// <summary>
/// The runtime calls it in a process that is started with <c>DOTNET_STARTUP_HOOKS</c>: at its end a profile of what was compiled in it is
/// written to the file that <c>REGISTRYPROXY_PROFILE</c> names.
/// </summary>
#pragma warning disable CA1050 // The runtime looks for it here.
internal static class StartupHook
{
    public static void Initialize()
    {
        var file = Environment.GetEnvironmentVariable("REGISTRYPROXY_PROFILE")!;
        var compiled = new CompiledMethods();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Write(compiled.Handles(), file);
    }

    private static void Write(nint[] compiled, string file)
    {
        var profile = new MethodProfile();
        foreach (var method in compiled)
        {
            profile.Add(method);
        }

        profile.Save(file);
    }
}
#pragma warning restore CA1050
