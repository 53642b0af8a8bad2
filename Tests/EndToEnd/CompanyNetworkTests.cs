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
        var (ca, certificate, key) = (folder.Write("ca.crt", first.ExportCertificatePem()), folder.File("client.crt"), folder.File("client.key"));
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
        await Eventually.True(async () => (await client.GetManifest("other/name", "latest")).IsSuccessStatusCode, "the new authority is known");
        Assert.DoesNotContain("PRIVATE KEY", door.Log);
    }
}
