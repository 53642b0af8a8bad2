using RegistryProxy.Gateway.Operations;
using RegistryProxy.Gateway.SnapshotUpdates;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Gateway;

/// <summary>What a gateway knows of a tenant ends with the tenant: whoever has its name later sees nothing of it.</summary>
public sealed class FormerTenantsTests
{
    private readonly RequestStatistics _statistics = new();
    private readonly List<string> _forgotten = [];
    private readonly FormerTenants _former;

    public FormerTenantsTests() => _former = new FormerTenants(_statistics.Forget, _forgotten.Add);

    [Fact]
    public void Who_is_gone_and_whose_hosts_are_all_others_is_forgotten()
    {
        foreach (var name in new[] { "gone", "moved", "taken", "same" })
        {
            _statistics.Pulled(name, "private/app");
        }

        var same = Tenant("same", "s.example");
        var before = Snapshot(Tenant("gone", "g.example"), Tenant("moved", "m.example", "m2.example"), Tenant("taken", "t.example"), same);
        _former.Drop(null, before);
        Assert.Empty(_forgotten);
        _former.Drop(before, Snapshot(
            Tenant("moved", "m2.example", "m3.example"), Tenant("taken", "g.example"), same, Tenant("new", "n.example")));
        Assert.Equal(["gone", "taken"], _forgotten.Order());
        Assert.Empty(_statistics.RepositoriesOf("gone"));
        Assert.Empty(_statistics.RepositoriesOf("taken"));
        Assert.Single(_statistics.RepositoriesOf("moved"));
        Assert.Single(_statistics.RepositoriesOf("same"));
    }

    private static GatewaySnapshot Snapshot(params TenantSnapshot[] tenants) => new()
    {
        Version = "v", ConfigurationVersion = "c", Tenants = tenants, Upstreams = [], Keys = [], UploadKeys = [],
        AccessLifetime = TimeSpan.FromMinutes(15),
    };

    private static TenantSnapshot Tenant(string name, params string[] hosts) => new()
    {
        Name = name, Hosts = hosts, Routes = [], Namespaces = new Dictionary<string, string>(), AnonymousRules = [],
    };
}
