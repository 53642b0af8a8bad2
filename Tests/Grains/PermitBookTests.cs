using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Limits;

namespace RegistryProxy.Tests.Grains;

/// <summary>How many limits one grain shares out.</summary>
public sealed class PermitBookTests
{
    private readonly PermitBook _book = new(new FakeTimeProvider());

    [Fact]
    public void However_many_addresses_come_tenants_have_their_limits()
    {
        for (var i = 0; i < PermitBook.Capacity - PermitBook.OfTenants; i++)
        {
            Assert.True(Grant($"address-{i}", isOfTenant: false).Units >= 0);
        }

        Assert.Equal(-1, Grant("one more", isOfTenant: false).Units);
        Assert.True(Grant("address-7", isOfTenant: false).Units >= 0);
        for (var i = 0; i < PermitBook.OfTenants; i++)
        {
            Assert.True(Grant($"tenant-{i}", isOfTenant: true).Units >= 0);
        }

        Assert.Equal(-1, Grant("another tenant", isOfTenant: true).Units);
        Assert.Equal(PermitBook.Capacity, _book.Count);
    }

    private PermitGrant Grant(string limit, bool isOfTenant) =>
        _book.Grant("gateway", 40, new PermitDemand(limit, 100, false, 0, 0, 1, 0) { IsOfTenant = isOfTenant });
}
