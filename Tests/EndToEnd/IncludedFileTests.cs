using System.Net;
using System.Text.RegularExpressions;
using RegistryProxy.Configuration;
using RegistryProxy.Silo.Storage;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A broken file of one tenant is seen wherever operators look, and by nobody else.</summary>
public sealed class IncludedFileTests
{
    [Fact]
    public async Task Its_hosts_answer_503_until_it_is_good_once_and_then_its_last_good_text_stays()
    {
        await using var door = await FrontDoor.Start("include: [\"tenants.d/*.yaml\"]\n" + DoorConfiguration.Single("http://127.0.0.1:9"));
        Directory.CreateDirectory(door.PathOf("tenants.d"));
        File.WriteAllText(door.PathOf("tenants.d/b.yaml"), Tenant("locale"));
        await Eventually.True(async () => await Status(door, "b.example") == HttpStatusCode.ServiceUnavailable, "the hosts answer 503");
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(door, "a.example"));
        var probe = await door.Readiness();
        Assert.Contains("\"ready\":true", probe);
        Assert.Contains("\"faultyFiles\":1", probe);
        Assert.Contains("\"errorsAt\":[\"included:1\"]", probe);
        Assert.Equal(1, await door.Metric("registryproxy_configuration_faulty_files", "in_use=\"none\""));
        Assert.Contains("b.yaml:1: tenants.b.routes[0].upstream: there is no upstream", await door.Admin("/admin/overview"));
        Assert.Contains("b.yaml has 1 error(s) and is not used: hosts that depend on it answer 503", door.Log);
        File.WriteAllText(door.PathOf("tenants.d/b.yaml"), Tenant("local"));
        await Eventually.True(async () => await Status(door, "b.example") == HttpStatusCode.Unauthorized, "the tenant is served");
        File.WriteAllText(door.PathOf("tenants.d/b.yaml"), "tenants: {");
        await Eventually.True(async () => await door.Metric("registryproxy_configuration_faulty_files", "in_use=\"last_good\"") == 1,
            "its last good text is in use");
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(door, "b.example"));
    }

    [Fact]
    public async Task After_a_restart_a_broken_file_is_what_it_last_was_when_it_was_good()
    {
        await using var door = await FrontDoor.Start($$"""
            include: ["tenants.d/*.yaml"]
            state: { provider: file, file: { path: state/ }, encryptionKeys: [{ id: k1, key: { value: {{new string('a', 64)}} } }] }
            {{DoorConfiguration.Single("http://127.0.0.1:9")}}
            """);
        Directory.CreateDirectory(door.PathOf("tenants.d"));
        File.WriteAllText(door.PathOf("tenants.d/b.yaml"), Tenant("local"));
        var record = FileRecordStore.NameOf(new StateOwner("registryproxy", $"configurationpart/{PartText.OfFile("tenants.d/b.yaml")}", "part"));
        await Eventually.True(
            () => Directory.EnumerateFiles(door.PathOf("state"), record, SearchOption.AllDirectories).Any(), "the text is kept");
        Assert.Equal(0, await door.Terminate());
        File.WriteAllText(door.PathOf("tenants.d/b.yaml"), "tenants: {");
        await door.Restart();
        await Eventually.True(async () => await Status(door, "b.example") == HttpStatusCode.Unauthorized, "the last good text is in use");
        Assert.Equal(1, await door.Metric("registryproxy_configuration_faulty_files", "in_use=\"last_good\""));
    }

    [Fact]
    public async Task After_a_restart_a_host_is_of_who_had_it_before()
    {
        await using var door = await FrontDoor.Start($$"""
            include: ["tenants.d/*.yaml"]
            state: { provider: file, file: { path: state/ }, encryptionKeys: [{ id: k1, key: { value: {{new string('a', 64)}} } }] }
            {{DoorConfiguration.Single("http://127.0.0.1:9")}}
            """);
        Directory.CreateDirectory(door.PathOf("tenants.d"));
        File.WriteAllText(door.PathOf("tenants.d/b.yaml"), Tenant("local"));
        var record = FileRecordStore.NameOf(new StateOwner("registryproxy", $"configurationpart/{PartText.OfFile("tenants.d/b.yaml")}", "part"));
        await Eventually.True(
            () => Directory.EnumerateFiles(door.PathOf("state"), record, SearchOption.AllDirectories).Any(), "the text is kept");
        Assert.Equal(0, await door.Terminate());
        File.WriteAllText(door.PathOf("tenants.d/a.yaml"), Tenant("local").Replace("tenants: { b:", "tenants: { newcomer:")
            .Replace("http://b.example", "http://newcomer.example"));
        await door.Restart();
        await Eventually.True(async () => (await Challenge(door)).Contains("http://b.example/token"), "the host is of who had it");
        Assert.Equal(1, await door.Metric("registryproxy_configuration_faulty_files", "in_use=\"none\""));
    }

    [Fact]
    public async Task Each_of_two_that_are_broken_at_the_start_has_its_line_when_it_is_mended_and_so_has_the_main_file()
    {
        var main = "include: [\"tenants.d/*.yaml\"]\n" + DoorConfiguration.Single("http://127.0.0.1:9");
        await using var door = await FrontDoor.Start(main);
        Directory.CreateDirectory(door.PathOf("tenants.d"));
        File.WriteAllText(door.PathOf("tenants.d/b.yaml"), Tenant("locale"));
        File.WriteAllText(door.PathOf("tenants.d/c.yaml"), "tenants: {");
        Assert.Equal(0, await door.Terminate());
        await door.Restart();
        Assert.Equal(2, await door.Metric("registryproxy_configuration_faulty_files", "in_use=\"none\""));
        File.WriteAllText(door.PathOf("tenants.d/b.yaml"), Tenant("local"));
        await Eventually.True(() => door.Log.Contains("b.yaml has no errors any more; version "), "one is mended");
        Assert.DoesNotContain("c.yaml has no errors any more", door.Log);
        door.WriteConfig(main.Replace("upstream: local", "upstream: locale"));
        await Eventually.True(() => door.Log.Contains("error(s) and is not used; version "), "the main file is broken");
        door.WriteConfig(main);
        await Eventually.True(() => door.Log.Contains("The configuration file has no errors any more"), "the main file is mended");
        Assert.DoesNotContain("c.yaml has no errors any more", door.Log);
        File.Delete(door.PathOf("tenants.d/c.yaml"));
        await Eventually.True(() => door.Log.Contains("c.yaml has no errors any more"), "the other is mended");
        Assert.Equal(3, Regex.Count(door.Log, "has no errors any more"));
    }

    private static async Task<string> Challenge(FrontDoor door)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{door.DataUrl}/v2/");
        request.Headers.Host = "b.example";
        using var response = await http.SendAsync(request);
        return response.Headers.WwwAuthenticate.ToString();
    }

    private static string Tenant(string upstream) =>
        $"tenants: {{ b: {{ hosts: [b.example], publicUrl: \"http://b.example\", routes: [ {{ prefix: \"\", upstream: {upstream} }} ] }} }}\n";

    private static async Task<HttpStatusCode> Status(FrontDoor door, string host)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{door.DataUrl}/v2/");
        request.Headers.Host = host == "a.example" ? new Uri(door.DataUrl).Authority : host;
        return (await http.SendAsync(request)).StatusCode;
    }
}
