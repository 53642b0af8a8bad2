using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Documents;

/// <summary>
/// The commands of docs/guides/first-upstream.md, word by word, in one folder: with a real registry for the reader's, a Docker Engine,
/// another port, and passwords where somebody would be asked for them.
/// </summary>
public sealed class FirstUpstreamTests(Lab lab)
{
    private const string Page = "docs/guides/first-upstream.md";
    private const string RobotPassword = "robot-canary-password";

    [Fact]
    public async Task Its_commands_lead_to_an_image_in_the_registry()
    {
        using var folder = new TemporaryFolder();
        await using var registry = await DockerRegistry.StartBasic("robot", RobotPassword);
        var engine = await lab.Docker;
        var port = FreePort.Next();
        Task<ShellResult> Run(string script) => Type(folder, engine, script.Replace("localhost:5000", $"localhost:{port}"));

        (await Run(Step("htpasswd -cB"))).ShouldSucceed();
        folder.Write("config.yaml", DocumentBlock.Of(Page, "# config.yaml").Text
            .Replace("url: https://registry.example.com", $"url: {registry.Url}\n    allowPrivate: true"));
        var check = await Run(Step("dotnet run --project Standalone -- check"));
        check.ShouldSucceed();
        Assert.Contains("company", check.Output);

        await using var door = ChildProcess.Start(
            "dotnet", [FrontDoor.Dll, .. Arguments(Step("dotnet run --project Standalone -- --config"), folder),
                "--listen-data", $"http://127.0.0.1:{port}", "--listen-admin", "http://127.0.0.1:0"]);
        await door.Line(line => line.Contains("data listening on") ? line : null);
        (await Run("tar -C / -cf - bin/busybox | docker import - alpine\n")).ShouldSucceed();
        (await Run(Step("docker login"))).ShouldSucceed();
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(
            System.Text.Encoding.ASCII.GetBytes($"robot:{RobotPassword}")));
        Assert.Contains("v1", await http.GetStringAsync($"{registry.Url}/v2/acme-project/api/tags/list"));

        (await Run("docker tag alpine localhost:5000/api:v2\ndocker push localhost:5000/api:v2\n"))
            .ShouldFail("denied: bob may not push api; ask the operator of this registry for access");
        (await Run(Step("dotnet run --project Standalone -- check", "--explain"))).ShouldFail("denied: no rule grants it");
    }

    private static string Step(string beginning, string holding = "") => DocumentBlock.All.First(block => block.Page == Page
        && block.Language == "sh" && block.Text.StartsWith(beginning, StringComparison.Ordinal) && block.Text.Contains(holding)).Text;

    /// <summary>What stands behind the project, with the file in the folder.</summary>
    private static IEnumerable<string> Arguments(string command, TemporaryFolder folder) =>
        command.Trim().Split(" -- ")[1].Split(' ').Select(word => word == "config.yaml" ? folder.File(word) : word);

    private static Task<ShellResult> Type(TemporaryFolder folder, DockerEngine engine, string script) => Shell.Run(
        "bash", ["-e", "-o", "pipefail"],
        $$"""
        cd {{folder.Path}}
        htpasswd() { command htpasswd -i "$@" <<<"$PASSWORD"; }
        dotnet() { [ "$1 $2 $3" = "run --project Standalone" ]; shift 4; command dotnet {{FrontDoor.Dll}} "$@"; }
        docker() {
          case "$1 $2" in
            "login "*) command docker "$@" --password-stdin <<<"$PASSWORD";;
            "pull alpine") command docker image inspect alpine > /dev/null;;
            *) command docker "$@";;
          esac
        }
        {{script}}
        """,
        ("PASSWORD", "canary-password"), ("ROBOT_PASSWORD", RobotPassword), ("DOCKER_HOST", $"unix://{engine.SocketPath}"),
        ("DOCKER_CONFIG", folder.File("docker")));
}
