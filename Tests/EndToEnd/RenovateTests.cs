using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Renovate, the bot that looks for newer tags of what a Dockerfile names. It is large, so only <c>--full</c> has it.</summary>
public sealed class RenovateTests(Lab lab)
{
    private const string Repository = "team-a/renovate";

    [Fact]
    public async Task It_finds_the_newest_of_many_tags_and_logs_what_it_may_not()
    {
        if (!Sizes.Full)
        {
            return;
        }

        var door = await lab.Door;
        using var alice = door.Client("alice");
        var image = TestImage.Build(985, 1000);
        await alice.PushImage(Repository, "1.0.0", image);
        for (var minor = 1; minor <= 120; minor++)
        {
            using var tagged = await alice.PutManifest(Repository, $"1.{minor}.0", image.Manifest);
            Assert.True(tagged.IsSuccessStatusCode);
        }

        var found = await Run(door, "alice", FrontDoor.PasswordOf("alice"));
        Assert.Contains("\"newVersion\": \"1.120.0\"", found);
        foreach (var (user, password, status) in new[] { ("carol", FrontDoor.PasswordOf("carol"), 403), ("alice", "no", 401) })
        {
            var refused = await Run(door, user, password);
            Assert.Contains($"statusCode={status}", refused);
            Assert.Contains($"Failed to look up docker package {door.Authority}/{Repository}", refused);
            Assert.DoesNotContain("newVersion", refused);
        }
    }

    private static async Task<string> Run(FrontDoor door, string user, string password)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("work"));
        folder.Write("work/Dockerfile", $"FROM {door.Authority}/{Repository}:1.0.0\n");
        var rule = $$"""
            [{"hostType":"docker","matchHost":"127.0.0.1","username":"{{user}}","password":"{{password}}","insecureRegistry":true}]
            """;
        var run = await Shell.Run(
            "sh", ["-c", "cd \"$1\" && exec node \"$2\" --platform=local --dry-run=lookup", "sh", folder.File("work"),
                Path.Combine(NewerClients.Renovate, "renovate", "dist", "renovate.js")],
            null, ("RENOVATE_HOST_RULES", rule.Trim()), ("RENOVATE_ENABLED_MANAGERS", "[\"dockerfile\"]"), ("RENOVATE_ONBOARDING", "false"),
            ("RENOVATE_REQUIRE_CONFIG", "ignored"), ("RENOVATE_BASE_DIR", folder.File("base")), ("HOME", folder.Path),
            ("LOG_LEVEL", "debug"));
        return run.Output;
    }
}
