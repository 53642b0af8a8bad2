using System.Text;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Documents;

/// <summary>
/// Somebody who types what a page says, word by word, in a folder: <c>dotnet run --project</c> runs the built programs, and the hosts of
/// the examples are those of the test. Variables of a block are there in the next.
/// </summary>
internal sealed class Typist : IDisposable
{
    private static readonly string[] Programs = ["Standalone", "Silo", "Gateway", "NodeAgent"];

    private readonly List<(string Said, string Here)> _places = [];
    private readonly Dictionary<string, string> _variables = [];
    private readonly StringBuilder _functions = new();

    public TemporaryFolder Folder { get; } = new();

    /// <summary>What a page says is something else here.</summary>
    public Typist Reads(string said, string here)
    {
        _places.Add((said, here));
        return this;
    }

    /// <summary>A variable of the shell's environment.</summary>
    public Typist Has(string name, string value)
    {
        _variables[name] = value;
        return this;
    }

    /// <summary>Functions that stand before programs of the same name.</summary>
    public Typist Knows(string functions)
    {
        _functions.Append(functions).Append('\n');
        return this;
    }

    /// <summary>Docker, with a configuration of its own; what it would build or pull is a small image that is there.</summary>
    public async Task<Typist> HasDocker(DockerEngine engine)
    {
        Has("DOCKER_HOST", $"unix://{engine.SocketPath}").Has("DOCKER_CONFIG", Folder.File("docker"));
        (await Type("tar -C / -cf - bin/busybox | docker import - alpine > /dev/null")).ShouldSucceed();
        return Knows("""
            docker() {
              case "$1 $2" in
                "build -t") command docker tag alpine "$3";;
                "pull alpine") command docker image inspect alpine > /dev/null;;
                *) command docker "$@";;
              esac
            }
            """);
    }

    /// <summary>The folder <c>deploy</c> of the repository is in this one, too.</summary>
    public async Task<Typist> HasDeploy()
    {
        (await Shell.Run("cp", ["-r", Path.Combine(DocumentBlock.Root, "deploy"), Folder.Path])).ShouldSucceed();
        return this;
    }

    /// <summary>A text of a page with the places of the test.</summary>
    public string Here(string text) => _places.Aggregate(text, (here, place) => here.Replace(place.Said, place.Here));

    /// <summary>Types commands; the first that fails ends them.</summary>
    public Task<ShellResult> Type(string commands) => Shell.Run(
        "bash", ["-e", "-o", "pipefail", "-c", Script(commands)], null,
        [.. HostCompilation.Variables, .. _variables.Select(variable => (variable.Key, variable.Value))]);

    /// <summary>Types commands that do not end by themselves.</summary>
    public ChildProcess Begin(string commands) => ChildProcess.Start(
        "bash", ["-e", "-o", "pipefail", "-c", Script(commands)], [.. _variables.Select(variable => (variable.Key, variable.Value))]);

    public void Dispose() => Folder.Dispose();

    private string Script(string commands) => $$"""
        cd {{Folder.Path}}
        trap 'declare -p TOKEN PART > .kept 2>/dev/null || true' EXIT
        [ ! -e .kept ] || . ./.kept
        dotnet() {
          case "$1 $2 ${3-}" in
        {{string.Concat(Programs.Select(name =>
            $"    \"run --project {name}\") shift 3; [ \"${{1-}}\" != -- ] || shift; command dotnet {FrontDoor.DllOf(name)} \"$@\";;\n"))}}
            *) command dotnet "$@";;
          esac
        }
        {{_functions}}
        {{Here(commands)}}
        """;
}
