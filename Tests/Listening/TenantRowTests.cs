using RegistryProxy.Silo.Admin.Operations;

namespace RegistryProxy.Tests.Listening;

/// <summary>What is wrong with a tenant is one number, by which a thousand of them are sorted.</summary>
public sealed class TenantRowTests
{
    [Theory]
    [InlineData(false, 2, 0, 0, 3)]
    [InlineData(false, 0, 0, 0, 3)]
    [InlineData(true, 1, 100, 100, 2)]
    [InlineData(true, 0, 100, 6, 1)]
    [InlineData(true, 0, 100, 5, 0)]
    [InlineData(true, 0, 0, 0, 0)]
    public void The_worst_counts(bool isUsable, int errors, double requests, double failed, int trouble)
    {
        var hour = TenantNumbers.None with { Requests = requests, Errors = failed };
        Assert.Equal(trouble, new TenantRow("acme", [], isUsable, errors, TenantNumbers.None, hour).Trouble);
    }
}
