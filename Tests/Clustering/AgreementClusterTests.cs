using System.Net;
using System.Text.Json;
using RegistryProxy.Tests.Documents;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Clustering;

/// <summary>Silos whose files have no revision, as processes.</summary>
public sealed class AgreementClusterTests(Lab lab)
{
    private const string Page = "docs/operations.md";

    [Fact]
    [Types(Page, "curl -X POST")]
    public async Task An_edit_is_in_force_everywhere_and_a_return_once_it_is_accepted()
    {
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 0, gateways: 0);
        var (one, two) = (await cluster.StartSilo(change: Unnumbered), await cluster.StartSilo(change: Unnumbered));
        await one.Ready();
        await two.Ready();
        var first = await Revision(one);
        one.Write(Edited(cluster));
        foreach (var silo in new[] { one, two })
        {
            await Follows(silo, first + 1);
        }

        one.Write(Unnumbered(cluster.Yaml(1)));
        await Eventually.True(async () => await one.Metric("registryproxy_configuration_waiting") == 1, "the return waits for a word");
        Assert.Equal(0, await two.Metric("registryproxy_configuration_waiting"));
        Assert.Equal(HttpStatusCode.OK, (await one.ReadyStatus()).Status);
        var alarm = await one.Process.Line(line => line.Contains("ALARM: the file is not in use") ? line : null);
        var hash = alarm[(alarm.LastIndexOf(": \"", StringComparison.Ordinal) + 3)..][..16];

        // Any silo takes the word.
        var body = await Accepted(two, hash);
        Assert.Equal((hash, first + 2), (body.GetProperty("hash").GetString(), body.GetProperty("revision").GetInt64()));
        foreach (var silo in new[] { one, two })
        {
            await Follows(silo, first + 2);
        }

        await Eventually.True(async () => await one.Metric("registryproxy_configuration_waiting") == 0, "nothing waits");
        Assert.Equal(HttpStatusCode.Accepted, (await Accept(one, "0123456789abcdef")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await Accept(one, "nonsense")).Status);
        Assert.Contains("\"event\":\"configuration-accept\"", two.Process.Output);
    }

    [Fact]
    public async Task An_edit_that_comes_with_a_restart_is_in_force_and_another_file_of_a_new_silo_is_not()
    {
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 0, gateways: 0);
        var (one, two) = (await cluster.StartSilo(change: Unnumbered), await cluster.StartSilo(change: Unnumbered));
        await one.Ready();
        await two.Ready();
        var first = await Revision(one);
        Assert.Equal(0, await two.Process.Terminate());
        two.Write(Edited(cluster));
        two = await cluster.Restart(two);
        await two.Ready();
        foreach (var silo in new[] { one, two })
        {
            await Follows(silo, first + 1);
        }

        var odd = await cluster.StartSilo(change: yaml => Unnumbered(yaml).Replace("actions: [pull, push, delete", "actions: [pull, delete"));
        await odd.Ready();
        await odd.Process.Line(line => line.Contains("ALARM: the file is not in use") ? line : null);
        await Follows(odd, first + 1);
        await Follows(one, first + 1);
    }

    [Fact]
    public async Task A_new_file_that_was_never_good_stops_no_edit_and_is_in_force_once_it_is_mended()
    {
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 0, gateways: 0);
        static string Including(string yaml) => "include: [\"tenants.d/*.yaml\"]\n" + Unnumbered(yaml);
        var (one, two) = (await cluster.StartSilo(change: Including), await cluster.StartSilo(change: Including));
        await one.Ready();
        await two.Ready();
        var (silos, first) = (new[] { one, two }, await Revision(one));
        var folder = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(one.Config)!, "tenants.d")).FullName;
        void Write(string name, string text) => File.WriteAllText(Path.Combine(folder, $"{name}.yaml"), text);
        static string Tenant(string name, string prefix) => $"tenants: {{ {name}: {{ hosts: [{name}.example], " +
            $"publicUrl: \"http://{name}.example\", routes: [ {{ prefix: \"{prefix}\", upstream: local }} ] }} }}\n";

        Write("known", Tenant("known", "a"));
        await Task.WhenAll(silos.Select(silo => Follows(silo, first + 1)));
        Write("new", "tenants: {");
        await Eventually.True(
            async () => await one.Metric("registryproxy_configuration_faulty_files", "in_use=\"none\"") == 1, "the new file is told");
        Write("known", Tenant("known", "b"));
        await Task.WhenAll(silos.Select(silo => Follows(silo, first + 2)));
        Write("new", Tenant("new", "c"));
        await Task.WhenAll(silos.Select(silo => Follows(silo, first + 3)));
        foreach (var silo in silos)
        {
            Assert.Equal(0, await silo.Metric("registryproxy_configuration_waiting"));
        }
    }

    [Fact]
    public async Task A_process_alone_has_nothing_to_accept()
    {
        await using var door = await FrontDoor.Start(DoorConfiguration.Single("http://127.0.0.1:9"));
        using var http = new HttpClient();
        using var content = new StringContent("{\"hash\": \"0123456789abcdef\"}");
        using var response = await http.PostAsync($"{door.AdminUrl}/admin/configuration/accept", content);
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
    }

    private static string Edited(DoorCluster cluster) => Unnumbered(cluster.Yaml(1)).Replace("actions: [pull, push, delete", "actions: [pull");

    private static string Unnumbered(string yaml) => yaml.Replace("revision: 1\n", "");

    private static async Task<long> Revision(DoorCluster.Member silo) =>
        (long)await silo.Metric("registryproxy_configuration_revision");

    private static Task Follows(DoorCluster.Member silo, long revision) => Eventually.True(
        async () => await Revision(silo) == revision, $"revision {revision} is in force");

    /// <summary>Types what the page says.</summary>
    private static async Task<JsonElement> Accepted(DoorCluster.Member silo, string hash)
    {
        var page = TypedPage.Of(Page);
        using var typist = new Typist().Reads("http://127.0.0.1:5001", silo.AdminUrl).Reads("6a1f0c2b9d3e4f58", hash)
            .Reads("curl ", "curl -sf ");
        var told = await typist.Type(page.Next());
        told.ShouldSucceed();
        page.ShouldBeOver();
        return JsonDocument.Parse(told.Output).RootElement;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> Accept(DoorCluster.Member silo, string hash)
    {
        using var http = new HttpClient();
        using var content = new StringContent($"{{\"hash\": \"{hash}\"}}");
        using var response = await http.PostAsync($"{silo.AdminUrl}/admin/configuration/accept", content);
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }
}
