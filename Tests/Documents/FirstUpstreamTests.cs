using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Documents;

/// <summary>
/// The commands of docs/guides/first-upstream.md, and of the same section of README.md: with a real registry for the reader's, a Docker
/// Engine, another port, and passwords where somebody would be asked for them.
/// </summary>
public sealed class FirstUpstreamTests(Lab lab)
{
    private const string Guide = "docs/guides/first-upstream.md";
    private const string Readme = "README.md";
    private const string Check = "dotnet run --project Standalone -- check";
    private const string Start = "dotnet run --project Standalone -- --config";
    private const string RobotPassword = "robot-canary-password";

    private readonly int _port = FreePort.Next();

    [Fact]
    [Types(Guide, "htpasswd -cB", "dotnet run --project Standalone -- check --config config.yaml --online", Start, "docker login",
        "dotnet run --project Standalone -- check --config config.yaml --explain")]
    public async Task Its_commands_lead_to_an_image_in_the_registry()
    {
        var page = TypedPage.Of(Guide);
        using var typist = await NewTypist();
        await using var registry = await DockerRegistry.StartBasic("robot", RobotPassword);

        await Prepare(typist, page, Guide, registry);
        var check = await typist.Type(page.Next());
        check.ShouldSucceed();
        Assert.Contains("company", check.Output);

        await using var door = await Begin(page.Next(), typist);
        (await typist.Type(page.Next())).ShouldSucceed();
        await ShouldHave(registry, "v1");
        (await typist.Type("docker tag alpine localhost:5000/api:v2\ndocker push localhost:5000/api:v2\n"))
            .ShouldFail("denied: bob may not push api; ask the operator of this registry for access");
        (await typist.Type(page.Next())).ShouldFail("denied: no rule grants it");
        page.ShouldBeOver();
    }

    [Fact]
    [Types(Readme, "htpasswd -cB", Check, "docker login localhost")]
    public async Task Those_of_the_readme_lead_there_too()
    {
        var page = TypedPage.Of(Readme);
        using var typist = await NewTypist();
        await using var registry = await DockerRegistry.StartBasic("robot", RobotPassword);

        await Prepare(typist, page, Readme, registry);
        var lines = page.Next().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        (await typist.Type(lines[0])).ShouldSucceed();
        await using var door = await Begin(lines[1], typist);
        (await typist.Type(page.Next())).ShouldSucceed();
        await ShouldHave(registry, "v1");
        page.ShouldBeOver();
    }

    private static async Task Prepare(Typist typist, TypedPage page, string name, DockerRegistry registry)
    {
        (await typist.Type(page.Next())).ShouldSucceed();
        typist.Folder.Write("config.yaml", DocumentBlock.Of(name, "# config.yaml").Text
            .Replace("url: https://registry.example.com", $"url: {registry.Url}\n    allowPrivate: true"));
    }

    /// <summary>Starts what a line starts, at the port of this test.</summary>
    private async Task<ChildProcess> Begin(string line, Typist typist)
    {
        var arguments = line.Trim().Split(" -- ")[1].Split(' ').Select(word => word == "config.yaml" ? typist.Folder.File(word) : word);
        var door = ChildProcess.Start("dotnet",
            [FrontDoor.Dll, .. arguments, "--listen-data", $"http://127.0.0.1:{_port}", "--listen-admin", "http://127.0.0.1:0"]);
        await door.Line(said => said.Contains("data listening on") ? said : null);
        return door;
    }

    private static async Task ShouldHave(DockerRegistry registry, string tag)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(
            System.Text.Encoding.ASCII.GetBytes($"robot:{RobotPassword}")));
        Assert.Contains(tag, await http.GetStringAsync($"{registry.Url}/v2/acme-project/api/tags/list"));
    }

    private async Task<Typist> NewTypist()
    {
        var typist = new Typist().Reads("localhost:5000", $"localhost:{_port}")
            .Has("PASSWORD", "canary-password").Has("ROBOT_PASSWORD", RobotPassword);
        await typist.HasDocker(await lab.Docker);
        return typist.Knows("""
            htpasswd() { command htpasswd -i "$@" <<<"$PASSWORD"; }
            read() { [ "$*" = "-rs ROBOT_PASSWORD" ]; }
            eval "typed_$(declare -f docker)"
            docker() {
              case "$1" in
                login) command docker "$@" --password-stdin <<<"$PASSWORD";;
                *) typed_docker "$@";;
              esac
            }
            """);
    }
}
