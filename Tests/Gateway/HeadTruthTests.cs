using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

/// <summary>An upstream's HEAD is believed once it told the truth, and what is pushed meanwhile makes no liar of it.</summary>
public sealed class HeadTruthTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly HeadRecord _record;

    public HeadTruthTests() => _record = new HeadRecord(_time);

    [Fact]
    public void A_get_that_brings_what_head_denied_a_moment_before_shows_the_lie_until_it_is_old()
    {
        Assert.Equal((false, null), _record.Deny(Of("v1")));
        _record.Witness(Of("v1"));
        Assert.True(_record.IsVoid);
        _time.Advance(HeadTruth.Life);
        Assert.False(_record.IsVoid);
    }

    [Fact]
    public void What_is_pushed_after_an_honest_no_shows_nothing()
    {
        _record.Deny(Of("v1"));
        _time.Advance(TimeSpan.FromSeconds(10));
        _record.Witness(Of("v1"));
        Assert.False(_record.IsVoid);

        Assert.Equal("/v2/a/b/manifests/v1", _record.Deny(Of("v2")).Witness?.Target.Text);
        _record.Confirm();
        _record.Witness(Of("v2"));
        Assert.False(_record.IsVoid);
        Assert.True(_record.Deny(Of("v3")).IsBelieved);
    }

    [Fact]
    public void Invented_names_cost_ten_gets()
    {
        for (var i = 0; i < HeadTruth.MaxTrials; i++)
        {
            Assert.False(_record.Deny(Of($"x{i}")).IsBelieved);
        }

        Assert.True(_record.Deny(Of("x")).IsBelieved);
        _record.Witness(Of("v1"));
        Assert.NotNull(_record.Deny(Of("x")).Witness);
        _record.Reject();
        Assert.True(_record.IsVoid);
    }

    private static Fetch Of(string tag) => new()
    {
        Destination = default!,
        Payer = null,
        Target = OriginForm.Of($"/v2/a/b/manifests/{tag}"),
        Scope = UpstreamScope.Pull(RepositoryName.Parse("a/b")),
        NotFound = DistributionError.ManifestUnknown(),
        Kind = CallKind.Pull,
    };
}
