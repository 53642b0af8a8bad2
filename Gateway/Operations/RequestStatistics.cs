using System.Collections.Concurrent;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Operations;

/// <summary>
/// What this gateway has answered since it started, for operators. Bounded: of many repositories the rarely pulled are forgotten.
/// </summary>
internal sealed class RequestStatistics
{
    private const int MaxRepositories = 1000;
    private const int Reported = 20;

    private readonly ConcurrentDictionary<string, Counters> _tenants = new();
    private readonly ConcurrentDictionary<(string Tenant, string Repository), long> _pulls = new();

    public void Answered(string tenant, int status) =>
        (_tenants.TryGetValue(tenant, out var counters) ? counters : _tenants.GetOrAdd(tenant, static _ => new Counters())).Count(status);

    public void Pulled(string tenant, string repository)
    {
        if (_pulls.Count >= MaxRepositories)
        {
            Forget();
        }

        _pulls.AddOrUpdate((tenant, repository), 1, static (_, pulls) => pulls + 1);
    }

    public IReadOnlyList<TenantTraffic> Tenants() => [.. _tenants.Select(tenant => tenant.Value.Describe(tenant.Key))];

    public IReadOnlyList<RepositoryPulls> Repositories() =>
    [
        .. _pulls.OrderByDescending(pulls => pulls.Value).Take(Reported)
            .Select(pulls => new RepositoryPulls(pulls.Key.Tenant, pulls.Key.Repository, pulls.Value)),
    ];

    private void Forget()
    {
        foreach (var (repository, _) in _pulls.OrderBy(pulls => pulls.Value).Take(MaxRepositories / 2))
        {
            _pulls.TryRemove(repository, out _);
        }
    }

    private sealed class Counters
    {
        private long _requests;
        private long _refused;
        private long _errors;

        public void Count(int status)
        {
            Interlocked.Increment(ref _requests);
            if (status is 401 or 403 or 429)
            {
                Interlocked.Increment(ref _refused);
            }
            else if (status >= 500)
            {
                Interlocked.Increment(ref _errors);
            }
        }

        public TenantTraffic Describe(string tenant) => new(
            tenant, Interlocked.Read(ref _requests), Interlocked.Read(ref _refused), Interlocked.Read(ref _errors));
    }
}
