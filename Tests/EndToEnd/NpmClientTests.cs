using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A registry client of npm, as scanners and bots of Node.js have it: it follows <c>Link</c> from page to page.</summary>
public sealed class NpmClientTests(Lab lab)
{
    private const string Script = """
        const registry = require('@snyk/docker-registry-v2-client').registryClient ?? require('@snyk/docker-registry-v2-client');
        const oci = 'application/vnd.oci.image.manifest.v1+json';
        const [host, user, password] = process.argv.slice(2), options = { protocol: 'http', acceptManifest: oci };
        (async () => {
          const tags = await registry.getTags(host, 'team-a/npm', user, password, 2, 100, options);
          const repositories = await registry.getRepos(host, user, password, 1, 1000, options);
          const manifest = await registry.getManifest(host, 'team-a/npm', 't1', user, password, options);
          const config = await registry.getImageConfig(host, 'team-a/npm', manifest.config.digest, user, password, options);
          const layer = await registry.getLayer(host, 'team-a/npm', manifest.layers[1].digest, user, password, options);
          console.log(tags.join(), repositories.includes('team-a/npm'), config.os, layer.length);
        })().catch(fault => { console.error(fault.statusCode, fault.message); process.exit(1); });
        """;

    [Fact]
    public async Task It_lists_and_pulls_and_says_who_may_not()
    {
        var door = await lab.Door;
        using var folder = new TemporaryFolder();
        using var alice = door.Client("alice");
        var image = TestImage.Build(980, 50_000);
        for (var i = 1; i <= 5; i++)
        {
            await alice.PushImage("team-a/npm", $"t{i}", image);
        }

        var script = folder.Write("script.js", Script);
        var pulled = await Run(script, door, "alice", FrontDoor.PasswordOf("alice"));
        pulled.ShouldSucceed();
        Assert.Equal($"t1,t2,t3,t4,t5 true linux {image.Layers[1].Bytes.Length}", pulled.Output.Trim());
        (await Run(script, door, "carol", FrontDoor.PasswordOf("carol"))).ShouldFail("403 carol may not pull team-a/npm");
        (await Run(script, door, "bob", "no")).ShouldFail("401 wrong user name or password");
    }

    private static Task<ShellResult> Run(string script, FrontDoor door, string user, string password) =>
        Shell.Run("node", [script, door.Authority, user, password], null, ("NODE_PATH", NewerClients.Modules));
}
