using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>helm over a plain docker-registry: what works, and what refused users are shown.</summary>
public sealed class HelmClientTests(Lab lab) : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Charts_are_pushed_shown_listed_by_their_versions_and_pulled()
    {
        var door = (await lab.Door).Authority;
        (await LogIn(door, "bob", "no")).ShouldFail("wrong user name or password");
        (await LogIn(door, "alice")).ShouldSucceed();
        foreach (var version in new[] { "1.0.0", "1.2.0", "2.0.0" })
        {
            (await Helm("push", await Chart(version), $"oci://{door}/team-a/charts", "--plain-http")).ShouldSucceed();
        }

        var shown = await Helm("show", "chart", $"oci://{door}/team-a/charts/helmed", "--version", "^1.0", "--plain-http");
        shown.ShouldSucceed();
        Assert.Contains("version: 1.2.0", shown.Output);
        (await Helm("pull", $"oci://{door}/team-a/charts/helmed", "--version", "2.0.0", "--plain-http", "-d", _home.File("pulled")))
            .ShouldSucceed();
        Assert.True(File.Exists(Path.Combine(_home.File("pulled"), "helmed-2.0.0.tgz")));
        (await Helm("registry", "logout", door)).ShouldSucceed();
        (await Helm("pull", $"oci://{door}/team-a/charts/helmed", "--version", "2.0.0", "--plain-http")).ShouldFail("unauthorized");
    }

    [Fact]
    public async Task Refused_users_are_told_who_may_not_do_what()
    {
        var door = (await lab.Door).Authority;
        var chart = await Chart("3.0.0");
        (await LogIn(door, "alice")).ShouldSucceed();
        (await Helm("push", chart, $"oci://{door}/team-a/refused", "--plain-http")).ShouldSucceed();
        (await LogIn(door, "bob")).ShouldSucceed();
        (await Helm("push", chart, $"oci://{door}/team-a/refused", "--plain-http")).ShouldFail("denied: bob may not push team-a/refused");
        (await LogIn(door, "carol")).ShouldSucceed();
        (await Helm("pull", $"oci://{door}/team-a/refused/helmed", "--version", "3.0.0", "--plain-http"))
            .ShouldFail("denied: carol may not pull team-a/refused/helmed");
    }

    [Fact]
    public async Task Who_may_only_push_pushes()
    {
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single((await lab.Registry).Url)
            + "\n      - { name: ci, who: [\"user:dave\"], repositories: [\"ci/**\"], actions: [push] }\n");
        (await LogIn(door.Authority, "dave")).ShouldSucceed();
        (await Helm("push", await Chart("4.0.0"), $"oci://{door.Authority}/ci/charts", "--plain-http")).ShouldSucceed();
    }

    private async Task<string> Chart(string version)
    {
        Directory.CreateDirectory(_home.File("helmed"));
        _home.Write("helmed/Chart.yaml", $"apiVersion: v2\nname: helmed\nversion: {version}\n");
        (await Helm("package", _home.File("helmed"), "-d", _home.Path)).ShouldSucceed();
        return _home.File($"helmed-{version}.tgz");
    }

    private Task<ShellResult> LogIn(string door, string user, string? password = null) => Helm(
        "registry", "login", door, "-u", user, "-p", password ?? FrontDoor.PasswordOf(user), "--plain-http");

    private Task<ShellResult> Helm(params string[] arguments)
    {
        Directory.CreateDirectory(_home.File("pulled"));
        return Manifests.HelmIn(_home.Path, arguments);
    }
}
