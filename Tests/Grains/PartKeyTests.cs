using RegistryProxy.Configuration;
using RegistryProxy.Grains.Configuration;

namespace RegistryProxy.Tests.Grains;

/// <summary>The last good text of a tenant is of that tenant.</summary>
public sealed class PartKeyTests
{
    [Fact]
    public void A_tenant_that_gets_the_name_of_a_former_one_gets_nothing_of_its_text()
    {
        var former = Key(PartText.OfTenant("acme"), "a.example", "b.example");
        Assert.Equal(former, Key(PartText.OfTenant("acme"), "b.example", "a.example"));
        Assert.NotEqual(former, Key(PartText.OfTenant("acme"), "c.example"));
        Assert.Equal("file:tenants.d/a.yaml", Key(PartText.OfFile("tenants.d/a.yaml"), "a.example"));
    }

    private static string Key(string name, params string[] hosts) => PartSyncGrain.KeyOf(name, new FrontDoorConfiguration
    {
        Tenants = new Dictionary<string, TenantConfiguration> { ["acme"] = new() { Name = "acme", Hosts = hosts } },
    });
}
