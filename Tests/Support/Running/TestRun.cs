using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace RegistryProxy.Tests.Support.Running;

/// <summary>
/// The command line of the tests: that of xunit, where <c>-unit</c> stands for the classes which need nothing but this process.
/// </summary>
internal static class TestRun
{
    private const string Unit = "-unit";

    public static Task<int> Main(string[] args) => args.Contains("--server") || args.Contains("--internal-msbuild-node")
        ? TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
        : ConsoleRunner.Run([.. args.SelectMany(
            argument => argument == Unit ? UnitClasses.All.SelectMany(type => new[] { "-class", type }) : [argument])]);
}
