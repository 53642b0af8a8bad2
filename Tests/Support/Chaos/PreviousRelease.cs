using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>The release before this one, as its commit in <c>Tests/Chaos/previous-release</c> builds it.</summary>
internal static class PreviousRelease
{
    private static readonly string Root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;

    private static readonly string Cache = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "registryproxy-tests");

    /// <summary>The commit.</summary>
    public static string Commit { get; } = File.ReadAllText(Path.Combine(Root, "Tests", "Chaos", "previous-release")).Trim();

    private static string Folder => Path.Combine(Cache, $"release-{Commit}");

    /// <summary>The built program of a project.</summary>
    public static string DllOf(string project) =>
        Path.Combine(Folder, project, "bin", "Release", "net10.0", $"RegistryProxy.{project}.dll");

    /// <summary>Builds silo and gateway from the history of this folder, unless they are there.</summary>
    public static async Task Build()
    {
        if (File.Exists(Path.Combine(Folder, "complete")))
        {
            return;
        }

        (await Shell.Run("sh", ["-c", """
            set -e
            rm -rf "$2" && mkdir -p "$2"
            git -C "$1" archive "$3" | tar -x -C "$2"
            cd "$2"
            for project in Silo Gateway; do dotnet build $project -c Release -v quiet -nologo -p:RunAnalyzers=false; done
            touch complete
            """, "build", Root, Folder, Commit])).ShouldSucceed();
    }
}
