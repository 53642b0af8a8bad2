using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Audit;

namespace RegistryProxy.Tests.Gateway;

/// <summary>However often an identity is refused, it has so many lines a second, takes none of others, and none goes uncounted.</summary>
public sealed class RefusedRequestsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void An_identity_has_so_many_lines_a_second_and_the_others_have_theirs()
    {
        var requests = new RefusedRequests(_time);
        Assert.Equal(RefusedRequests.MaxOfIdentity, Written(requests, "acme", "bob", 1_000));
        Assert.Equal(RefusedRequests.MaxOfIdentity, Written(requests, "acme", "alice", 1_000));
        Assert.Equal(RefusedRequests.MaxOfIdentity, Written(requests, "other", "bob", 1_000));
        Assert.Empty(requests.TakeUntold());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(
            [("acme", "alice", "staff", 980), ("acme", "bob", "staff", 980), ("other", "bob", "staff", 980)],
            requests.TakeUntold().Order());
        Assert.Empty(requests.TakeUntold());
        Assert.Equal(RefusedRequests.MaxOfIdentity, Written(requests, "acme", "bob", 1_000));
    }

    [Fact]
    public void A_tenant_has_so_many_lines_a_second_and_of_further_identities_the_number_is_told()
    {
        var requests = new RefusedRequests(_time);
        var written = Enumerable.Range(0, 1_000).Sum(one => Written(requests, "acme", $"u{one}", 3));
        Assert.Equal(RefusedRequests.MaxOfTenant, written);
        Assert.Equal(1, Written(requests, "other", "bob", 1));
        _time.Advance(TimeSpan.FromSeconds(1));
        var untold = requests.TakeUntold();
        Assert.InRange(untold.Count, 1, RefusedRequests.MaxOfTenant + 1);
        Assert.Single(untold, one => one.Subject is null);
        Assert.Equal(3_000, written + untold.Sum(one => one.Count));
    }

    [Fact]
    public void What_one_second_left_untold_is_told_after_the_next_has_begun_and_at_the_end()
    {
        var requests = new RefusedRequests(_time);
        Assert.Equal(RefusedRequests.MaxOfIdentity, Written(requests, "acme", "bob", 30));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(RefusedRequests.MaxOfIdentity, Written(requests, "acme", "bob", 30));
        Assert.Empty(requests.TakeUntold());
        Assert.Equal([("acme", "bob", "staff", 20)], requests.TakeUntold(isLast: true));
        Assert.Equal(100, Written(requests, "acme", "bob", 100));
    }

    private static int Written(RefusedRequests requests, string tenant, string subject, int asked) =>
        Enumerable.Range(0, asked).Count(_ => requests.IsWritten(tenant, (subject, "staff")));
}
