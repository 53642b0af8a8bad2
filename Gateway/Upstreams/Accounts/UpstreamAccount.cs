namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>One account at an upstream as this gateway uses it.</summary>
internal sealed record UpstreamAccount(RequestBudget Budget, UpstreamQueue Queue, UpstreamBreaker Breaker);
