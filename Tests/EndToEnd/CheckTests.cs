using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What <c>check</c> says beyond the errors of the file.</summary>
public sealed class CheckTests(Lab lab)
{
    [Fact]
    public async Task Explain_says_which_rule_decides_and_which_would_have_been_nearest()
    {
        using var folder = new TemporaryFolder();
        var config = await Config(folder);
        var allowed = await Check(config, "--explain", "tenant=acme&authenticator=staff&subject=alice&repository=team-a/app&action=push");
        allowed.ShouldSucceed();
        Assert.Contains("allowed: rule 'writers' grants it", allowed.Output);
        Assert.Contains("-> open: team-a/app", allowed.Output);

        var denied = await Check(config, "--explain", "--tenant", "acme", "--authenticator", "staff", "--subject", "carol", "--groups", "dev", "--repository", "team-a/app", "--action", "push");
        denied.ShouldSucceed();
        Assert.Contains("denied: no rule grants it; nearest is", denied.Output);

        (await Check(config, "--explain", "tenant=nobody&repository=a&action=pull")).ShouldFail("there is no tenant 'nobody'");
        (await Check(config, "--explain", "tenant=acme&repository=UPPER&action=pull")).ShouldFail("repository must be a repository name");
        (await Check(config, "--explain", "tenant=acme&repo=a&action=pull")).ShouldFail("'repo' is not known");
    }

    [Fact]
    public async Task Online_asks_every_upstream()
    {
        using var folder = new TemporaryFolder();
        var config = await Config(folder);
        var good = await Check(config, "--online");
        good.ShouldSucceed();
        Assert.Contains("ok    answers 401", good.Output);
        var away = folder.Write("away.yaml", DoorConfiguration.Single($"http://127.0.0.1:{FreePort.Next()}"));
        (await Check(away, "--online")).ShouldFail("local  FAIL");
    }

    private async Task<string> Config(TemporaryFolder folder)
    {
        await FrontDoor.WriteUsers(folder);
        return folder.Write("config.yaml", DoorConfiguration.Shared(await lab.Registry, await lab.BasicRegistry));
    }

    private static Task<ShellResult> Check(string config, params string[] arguments) =>
        Shell.Run("dotnet", [FrontDoor.Dll, "check", "--config", config, .. arguments]);
}
