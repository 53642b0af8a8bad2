/// <summary>
/// The runtime calls it in a process that is started with <c>DOTNET_STARTUP_HOOKS</c>: a bug on a thread of its own, which ends the process
/// once the process logs.
/// </summary>
#pragma warning disable CA1050 // The runtime looks for it here.
internal static class StartupHook
{
    public const string Variable = "REGISTRYPROXY_TEST_FAULT";

    public const string Fault = "a bug on purpose";

    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not null)
        {
            AppDomain.CurrentDomain.AssemblyLoad += static (_, loaded) => FailOn(loaded.LoadedAssembly.GetName().Name);
        }
    }

    /// <summary>What loads it waits: a host that goes on may find something else that ends it first.</summary>
    private static void FailOn(string? loaded)
    {
        if (loaded == "OpenTelemetry")
        {
            var failing = new Thread(static () => throw new InvalidOperationException(Fault));
            failing.Start();
            failing.Join(TimeSpan.FromSeconds(30));
        }
    }
}
#pragma warning restore CA1050
