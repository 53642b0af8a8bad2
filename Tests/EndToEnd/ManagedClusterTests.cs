using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The part of a managed tenant is one for all silos of a cluster.</summary>
public sealed class ManagedClusterTests
{
    private static string Part(int number) => $$"""
        authenticators: [staff]
        routes: [{ prefix: "", upstream: local }]
        access: [{ name: rule-{{number}}, who: [authenticated], repositories: ["a-{{number}}/**"], actions: [pull] }]
        """;

    [Fact]
    public async Task Silos_that_write_at_once_make_one_history_and_all_follow_it_also_those_that_join()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var cluster = await DoorCluster.Start(upstream.Url, silos: 0, gateways: 0);
        var silos = new List<DoorCluster.Member> { await cluster.StartSilo(change: Managed), await cluster.StartSilo(change: Managed) };
        foreach (var silo in silos)
        {
            await silo.Ready();
        }

        using var first = new PartAdmin(silos[0].AdminUrl);
        using var second = new PartAdmin(silos[1].AdminUrl);
        await first.Write(Part(0));
        var (won, number) = (0, 0);
        for (var i = 0; i < 8; i++)
        {
            var tag = (await second.Read()).ETag;
            var answers = await Task.WhenAll(
                first.Send(HttpMethod.Put, "", Part(++number), tag), second.Send(HttpMethod.Put, "", Part(++number), tag));
            Assert.Equal([200, 412], answers.Select(answer => answer.Status).Order());
            won++;
        }

        var history = (await first.History()).GetProperty("versions").EnumerateArray().Select(one => one.GetProperty("version").GetInt32());
        Assert.Equal(Enumerable.Range(1, won + 1).Reverse(), history);
        var newest = (await second.Read()).Yaml;
        silos.Add(await cluster.StartSilo(change: Managed));
        await silos[2].Ready();
        foreach (var silo in silos)
        {
            await Eventually.True(async () => newest.Contains(await RuleOf(silo)), "each silo decides by the newest part");
        }

        silos[0].Process.Kill();
        await Eventually.True(
            async () => (await second.Send(HttpMethod.Put, "", Part(99), "*")).Status == 200, "the others go on without one of them");
        foreach (var silo in silos.Skip(1))
        {
            await Eventually.True(async () => await RuleOf(silo) == "rule-99", "and follow");
        }
    }

    private static string Managed(string yaml)
    {
        var lines = yaml.Split('\n').ToList();
        var tenants = lines.FindIndex(line => line.StartsWith("tenants:"));
        var after = lines.FindIndex(tenants + 1, line => line.Length > 0 && !char.IsWhiteSpace(line[0]));
        lines.RemoveRange(tenants, (after < 0 ? lines.Count : after) - tenants);
        lines.Add("""
            tenants:
              acme:
                hosts: ["*"]
                administrators: ["user:staff/alice"]
                mayUse: { upstreams: [local], authenticators: [staff] }
                managed: true
            """);
        return string.Join('\n', lines);
    }

    private static async Task<string> RuleOf(DoorCluster.Member silo)
    {
        using var http = new HttpClient();
        foreach (var number in Enumerable.Range(0, 20).Append(99))
        {
            var text = await http.GetStringAsync(
                $"{silo.AdminUrl}/admin/explain?tenant=acme&authenticator=staff&subject=bob&repository=a-{number}/x&action=pull");
            if (text.Contains($"rule-{number}\""))
            {
                return $"rule-{number}";
            }
        }

        return "none";
    }
}
