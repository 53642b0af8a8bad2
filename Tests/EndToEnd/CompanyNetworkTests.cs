using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Upstreams as companies have them.</summary>
public sealed class CompanyNetworkTests
{
    [Fact]
    public async Task Silos_and_gateways_know_the_authority_and_show_the_certificate_of_an_upstream_and_of_its_successor()
    {
        using var folder = new TemporaryFolder();
        using var first = TestCertificates.Authority("first");
        using var second = TestCertificates.Authority("second");
        await using var registry = await PrivateRegistry.Start(first.Issue("registry", "registry.corp"));
        registry.IsStrict = true;
        var (ca, certificate, key) = (folder.Write("ca.crt", first.ExportCertificatePem()), folder.File("client.crt"),
            folder.File("client.key"));
        var ours = first.Issue("front-door");
        folder.Write("client.crt", ours.Certificate);
        folder.Write("client.key", ours.Key);
        await using var door = await SplitDoor.Start(
            DoorConfiguration.Single(registry.Url, $", tls: {{ ca: {ca}, certificate: {certificate}, key: {key} }}"), gateways: 1);
        using var client = new RegistryClient(door.Gateways[0], null, null);
        using (var pulled = await client.GetManifest("a/b", "latest"))
        {
            Assert.True(pulled.IsSuccessStatusCode, door.Log);
        }

        Assert.All(registry.Seen, seen => Assert.Equal("CN=front-door", seen.Client));
        Assert.Contains(registry.Seen, seen => seen.Path == "/token");

        registry.Show(second.Issue("registry", "registry.corp"));
        folder.Write("ca.crt", second.ExportCertificatePem());
        await Eventually.True(async () => (await client.GetManifest("other/name", "latest")).IsSuccessStatusCode,
            "the new authority is known");
        Assert.DoesNotContain("PRIVATE KEY", door.Log);
    }

    [Fact]
    public async Task Silos_and_gateways_go_through_the_proxy_of_the_company_and_say_which_credentials_it_refuses()
    {
        using var folder = new TemporaryFolder();
        using var authority = TestCertificates.Authority("company");
        await using var registry = await PrivateRegistry.Start(authority.Issue("registry", "registry.corp", "login.corp"));
        await using var squid = await Squid.Start("registry.corp", "login.corp");
        registry.Authority = $"login.corp:{registry.Port}";
        var (ca, password) = (folder.Write("ca.crt", authority.ExportCertificatePem()), folder.Write("password", "wrong"));
        var upstream = $"https://registry.corp:{registry.Port}";
        await using var door = await SplitDoor.Start(
            DoorConfiguration.Single(
                upstream,
                $", tls: {{ ca: {ca} }}, realms: [\"https://{registry.Authority}/token\"]",
                $"egress: {{ proxy: {{ url: \"http://127.0.0.1:{squid.Port}\", username: {Squid.User}, password: {{ " +
                $"file: {password} }} }}, noProxy: [elsewhere.corp] }}").Replace(", allowPrivate: true", ""),
            gateways: 1);
        using var client = new RegistryClient(door.Gateways[0], null, null);
        using (var refused = await client.GetManifest("a/b", "latest"))
        {
            Assert.Equal(System.Net.HttpStatusCode.BadGateway, refused.StatusCode);
            Assert.Contains("(407): proxy.username and proxy.password", await refused.Content.ReadAsStringAsync());
        }

        Assert.Contains($"the proxy 127.0.0.1:{squid.Port} (egress.proxy) refuses the user name or the password (407)",
            await door.Admin("/admin/upstreams"));
        folder.Write("password", Squid.Password);
        await Eventually.True(async () => (await client.GetManifest("a/b", "latest")).IsSuccessStatusCode, "the new password is used");
        Assert.Contains(registry.Seen, seen => seen.Path == "/token");
        Assert.DoesNotContain(Squid.Password, door.Log);
    }

    [Fact]
    public async Task A_proxy_of_the_environment_counts_and_is_told_at_the_start_where_the_configuration_names_none()
    {
        using var authority = TestCertificates.Authority("company");
        using var folder = new TemporaryFolder();
        await using var registry = await PrivateRegistry.Start(authority.Issue("registry", "registry.corp"));
        await using var proxy = new ConnectProxy { Credentials = "me:canary-environment-password" };
        registry.Authority = $"registry.corp:{registry.Port}";
        proxy.Targets[registry.Authority] = registry.Port;
        var ca = folder.Write("ca.crt", authority.ExportCertificatePem());
        var yaml = DoorConfiguration.Single($"https://{registry.Authority}", $", tls: {{ ca: {ca} }}").Replace(", allowPrivate: true", "");
        await using var door = await FrontDoor.Start(
            yaml, ("HTTPS_PROXY", $"http://me:canary-environment-password@127.0.0.1:{proxy.Port}"), ("NO_PROXY", "*.elsewhere"));
        using var client = door.Client();
        (await client.GetManifest("a/b", "latest")).EnsureSuccessStatusCode();
        Assert.Single(door.Log.Split('\n'),
            line => line.Contains(
                $"use the proxy http://127.0.0.1:{proxy.Port}/ of HTTPS_PROXY, except for NO_PROXY (*.elsewhere)"));
        Assert.DoesNotContain("canary-environment-password", door.Log);
        var asked = proxy.Asked.Count;
        door.WriteConfig(yaml.Replace($", tls: {{ ca: {ca} }}", $", tls: {{ ca: {ca} }}, proxy: none"));
        await Eventually.True(async () => !(await client.GetManifest("c/d", "latest")).IsSuccessStatusCode,
            "without a proxy the name is not known");
        Assert.True(proxy.Asked.Count - asked <= 2, $"{proxy.Asked.Count - asked}");
    }

    [Fact]
    public void No_library_asks_the_environment_for_a_proxy_by_itself()
    {
        HostBuilding.CreateBuilder(new HostStart(new FixedConfiguration(ConfigurationDefaults.NoFile()), null, null, null));
        Assert.All(
            new[] { "https://kubernetes.default.svc", "http://169.254.169.254", "https://collector.example" },
            address => Assert.True(HttpClient.DefaultProxy.IsBypassed(new Uri(address))));
    }
}
