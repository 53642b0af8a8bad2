using System.Diagnostics;
using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Clustering;

/// <summary>
/// Silos and gateways as processes of one cluster, and what becomes of them when one, or the Redis they meet in, goes away.
/// </summary>
public sealed class ClusterTests(Lab lab)
{
    [Fact]
    public async Task Any_gateway_serves_any_session_silos_come_and_go_and_a_revocation_holds_everywhere()
    {
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 2, gateways: 0);
        var (one, other) = (await cluster.StartGateway(), await cluster.StartGateway());
        await one.Ready();
        await other.Ready();
        using var alice = one.Client("alice");
        await alice.PushImage("cluster/app", "v1", TestImage.Build(180, 10_000));
        var token = await alice.Token(RegistryClient.Pull("cluster/app"));
        Assert.Equal(HttpStatusCode.OK, await Pull(other, token));

        var third = await cluster.StartSilo();
        await third.Ready();
        Assert.Equal(0, await third.Process.Terminate());
        Assert.Equal(HttpStatusCode.OK, await Pull(other, token));

        var silo = await cluster.StartSilo();
        await silo.Ready();
        Assert.Equal(HttpStatusCode.OK, await silo.Revoke("alice"));
        await Eventually.True(async () => await Pull(one, token) == HttpStatusCode.Unauthorized, "one gateway refuses",
            TimeSpan.FromSeconds(5));
        await Eventually.True(async () => await Pull(other, token) == HttpStatusCode.Unauthorized, "the other refuses",
            TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task The_cluster_follows_the_highest_revision_and_nothing_brings_an_older_one_back()
    {
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 1, gateways: 0);
        var gateway = await cluster.StartGateway();
        await gateway.Ready();
        using var carol = gateway.Client("carol");
        using var alice = gateway.Client("alice");
        await alice.PushImage("revision/app", "v1", TestImage.Build(181, 1_000));
        var token = await carol.Token(RegistryClient.Pull("revision/app"));
        Assert.Equal(HttpStatusCode.OK, await Pull(gateway, token, "revision/app"));

        var newer = await cluster.StartSilo(revision: 7, Narrow);
        await newer.Ready();
        await Eventually.True(async () => await Pull(gateway, token, "revision/app") == HttpStatusCode.Forbidden,
            "the removed right is gone", TimeSpan.FromSeconds(5));

        // The only silo that has the new file goes: the others keep what it brought, and so does one that starts from the old file.
        Assert.Equal(0, await newer.Process.Terminate());
        var late = await cluster.StartSilo();
        await late.Ready();
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(HttpStatusCode.Forbidden, await Pull(gateway, token, "revision/app"));
        }

        Assert.Contains("revision 7", (await late.ReadyStatus()).Body.ToString());
    }

    [Fact]
    public async Task Another_content_under_the_same_revision_is_an_alarm_and_that_silo_is_not_ready()
    {
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 1, gateways: 0);
        var odd = await cluster.StartSilo(revision: 1, Narrow);
        await Eventually.True(() => odd.Process.Output.Contains("ALARM: this silo is not ready: the file says something else"),
            "the alarm is raised");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await odd.ReadyStatus()).Status);
        odd.Write(cluster.Yaml(1) + "\n# a comment makes no difference\n");
        await odd.Ready();
        odd.Write(Narrow(cluster.Yaml(2)));
        await Eventually.True(async () => (await odd.ReadyStatus()).Body.ToString().Contains("revision 2"), "the new revision is in use");
    }

    [Fact]
    public async Task While_redis_is_away_warm_pulls_go_on_changes_are_refused_and_soon_after_all_is_well()
    {
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 1, gateways: 0);
        var (silo, gateway) = (await cluster.StartSilo(), await cluster.StartGateway());
        await silo.Ready();
        await gateway.Ready();
        using var alice = gateway.Client("alice");
        await alice.PushImage("cluster/app", "v1", TestImage.Build(180, 10_000));
        var token = await alice.Token(RegistryClient.Pull("cluster/app"));
        cluster.Redis.Kill();
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await Pull(gateway, token));
            using var login = await alice.RequestToken([RegistryClient.Pull("cluster/app")]);
            Assert.Equal(HttpStatusCode.OK, login.StatusCode);
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await silo.Revoke("alice"));
        await cluster.Redis.Restart();
        await Eventually.True(async () => await silo.Revoke("alice") == HttpStatusCode.OK, "changes are possible again",
            TimeSpan.FromSeconds(5));
        await Eventually.True(async () => await Pull(gateway, token) == HttpStatusCode.Unauthorized, "the revocation holds",
            TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Redis_that_comes_back_empty_ends_the_silos_which_begin_anew_and_revives_nothing_that_was_revoked()
    {
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 1, gateways: 0);
        var (silo, gateway) = (await cluster.StartSilo(), await cluster.StartGateway());
        await silo.Ready();
        await gateway.Ready();
        using var alice = gateway.Client("alice");
        await alice.PushImage("cluster/app", "v1", TestImage.Build(180, 10_000));
        using var bob = gateway.Client("bob");
        var token = await bob.Token(RegistryClient.Pull("cluster/app"));
        Assert.Equal(HttpStatusCode.OK, await silo.Revoke("bob"));
        using var carol = gateway.Client("carol");
        var lost = await carol.Token(RegistryClient.Pull("cluster/app"));
        Assert.Equal(HttpStatusCode.OK, await Pull(gateway, lost));
        cluster.Redis.Kill();
        var before = cluster.Silos.ToList();
        await cluster.Redis.Restart(empty: true);
        var watch = Stopwatch.StartNew();
        silo = await cluster.StartSilo();

        // As the supervisor of those that end.
        await Task.WhenAll(before.Select(async member =>
        {
            await Eventually.True(() => member.Process.HasExited, "a silo of the lost cluster ends", TimeSpan.FromSeconds(60));
            TestContext.Current.SendDiagnosticMessage($"a silo ended {watch.Elapsed.TotalSeconds:F1} s after Redis came back empty");
            Assert.Equal(1, member.Process.ExitCode);
            Assert.Single(member.Process.Lines, line => line.Contains("ALARM: the membership of the cluster was lost by its storage"));
        }));
        await (await cluster.StartSilo()).Ready();
        await silo.Ready();
        await Eventually.True(async () => await cluster.Members() == 2, "both are members of one cluster");
        Assert.Equal(HttpStatusCode.Unauthorized, await Pull(gateway, token));
        await Eventually.True(
            async () =>
            {
                using var login = await bob.RequestToken([]);
                return login.StatusCode == HttpStatusCode.OK;
            },
            "bob can log in anew", TimeSpan.FromSeconds(20));
        TestContext.Current.SendDiagnosticMessage($"logins again {watch.Elapsed.TotalSeconds:F1} s after Redis came back empty");
        Assert.Equal(HttpStatusCode.Unauthorized, await Pull(gateway, token));

        // A session that the storage lost, and a gateway knows, can be ended.
        await Eventually.True(async () => await silo.Revoke("carol") == HttpStatusCode.OK, "carol is revoked");
        await Eventually.True(async () => await Pull(gateway, lost) == HttpStatusCode.Unauthorized, "carol is refused",
            TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_gateway_that_ends_says_so_finishes_what_runs_and_a_second_signal_hurries_it()
    {
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 1, gateways: 0);
        var blob = TestBlob.Random(182, 40_000_000);
        foreach (var hurried in new[] { false, true })
        {
            var gateway = await cluster.StartGateway();
            await gateway.Ready();
            using var alice = gateway.Client("alice");
            await alice.PushBlob("drain/app", blob);
            using var response = await alice.GetBlob("drain/app", blob.Digest);
            await using var body = await response.Content.ReadAsStreamAsync();
            await body.ReadExactlyAsync(new byte[1000]);
            await Shell.Run("kill", ["-TERM", $"{gateway.Process.Id}"]);
            await Eventually.True(
                async () => await Status(gateway) is null or HttpStatusCode.ServiceUnavailable, "it is not ready, or does not listen",
                TimeSpan.FromSeconds(10));
            Assert.False(gateway.Process.HasExited);
            if (hurried)
            {
                await Shell.Run("kill", ["-TERM", $"{gateway.Process.Id}"]);
            }
            else
            {
                using var rest = new MemoryStream();
                await body.CopyToAsync(rest);
                Assert.Equal(blob.Bytes.Length - 1000, rest.Length);
            }

            await Eventually.True(() => gateway.Process.HasExited, $"it ends:\n{gateway.Process.Output}", TimeSpan.FromSeconds(15));
            Assert.Equal(0, gateway.Process.ExitCode);
        }

        static async Task<HttpStatusCode?> Status(DoorCluster.Member gateway)
        {
            try
            {
                return (await gateway.ReadyStatus()).Status;
            }
            catch (HttpRequestException)
            {
                return null;
            }
        }
    }

    [Fact]
    public async Task A_silo_waits_for_redis_and_ends_soon_without_it()
    {
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 1, gateways: 0);
        var silo = await cluster.StartSilo();
        await silo.Ready();
        cluster.Redis.Kill();
        Assert.Equal(0, await silo.Process.Terminate(TimeSpan.FromSeconds(25)));
        var early = cluster.StartSilo();
        await cluster.Redis.Restart();
        await (await early).Ready();
    }

    private static string Narrow(string yaml) =>
        yaml.Replace("who: [anonymous], repositories: [\"**\"]", "who: [anonymous], repositories: [\"public/**\"]");

    private static async Task<HttpStatusCode> Pull(DoorCluster.Member gateway, string token, string repository = "cluster/app")
    {
        using var client = gateway.Client();
        using var response = await client.Send(
            HttpMethod.Get, $"/v2/{repository}/manifests/v1", token, null, ("Accept", TestImage.OciManifest));
        return response.StatusCode;
    }
}
