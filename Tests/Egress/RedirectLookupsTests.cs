using RegistryProxy.Egress;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Egress;

/// <summary>An upstream that redirects to names whose servers never answer, of whatever domains, takes lookups from itself alone.</summary>
public sealed class RedirectLookupsTests
{
    private static readonly HttpOrigin Hostile = HttpOrigin.Of(new Uri("https://hostile.example"));
    private static readonly HttpOrigin Other = HttpOrigin.Of(new Uri("https://other.example"));

    private readonly RedirectLookups _lookups = new();

    [Fact]
    public async Task Each_upstream_has_so_many_at_once_whoever_waits_for_them()
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var gone = new CancellationTokenSource();
        var hanging = Enumerable.Range(0, RedirectLookups.MaxAtOnce)
            .Select(number => _lookups.Run(Hostile, $"r.evil-{number}.example", () => answer.Task, gone.Token)).ToList();
        await gone.CancelAsync();
        Assert.All(hanging, lookup => Assert.True(lookup.IsCanceled));
        await Assert.ThrowsAsync<TooManyLookupsException>(() => Run(Hostile, "r.evil-99.example"));
        await Run(Other, "storage.example");

        // Whoever wants the same host waits for it.
        var same = _lookups.Run(Hostile, "r.evil-0.example", () => throw new InvalidOperationException(), CancellationToken.None);
        Assert.False(same.IsCompleted);
        answer.SetResult();
        await same;
        await Support.Processes.Eventually.True(async () =>
        {
            try
            {
                await Run(Hostile, "storage.example");
                return true;
            }
            catch (TooManyLookupsException)
            {
                return false;
            }
        }, "there is room again");
    }

    /// <summary>Nothing was asked of the upstream.</summary>
    [Fact]
    public void One_too_many_does_not_count_against_the_upstream() =>
        Assert.False(UpstreamBreaker.IsFailure(new TooManyLookupsException()));

    [Theory]
    [InlineData("https://192.0.2.1/", false)]
    [InlineData("https://[2001:db8::1]/", false)]
    [InlineData("https://a.storage.corp/", false)]
    [InlineData("https://storage.example/", true)]
    public void What_is_not_looked_up_takes_no_room(string address, bool isLookedUp) =>
        Assert.Equal(isLookedUp, HostLookup.HasToLookUp(new Uri(address), new EgressSettings(AllowPrivate: false)
        {
            Proxy = new ProxySettings(new Uri("http://proxy.corp:3128"), "egress.proxy"),
            Targets = new ConfiguredTargets([], ["*.storage.corp"]),
        }));

    private async Task Run(HttpOrigin upstream, string host) =>
        await _lookups.Run(upstream, host, () => Task.CompletedTask, CancellationToken.None);
}
