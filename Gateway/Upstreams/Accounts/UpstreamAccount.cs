namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>One account at an upstream as this gateway uses it.</summary>
/// <param name="Upstream">The upstream that was asked with it first.</param>
/// <param name="Budget">Its rate limit.</param>
/// <param name="Pulls">Where pulls wait.</param>
/// <param name="Others">Where questions of all other kinds wait, which must not keep the places of pulls.</param>
/// <param name="Strangers">How many without a login wait for any of these.</param>
/// <param name="Breaker">Whether it fails.</param>
internal sealed record UpstreamAccount(
    string Upstream, RequestBudget Budget, UpstreamQueue Pulls, UpstreamQueue Others, WaitingStrangers Strangers,
    UpstreamBreaker Breaker);
