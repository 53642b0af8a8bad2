using System.Collections.Concurrent;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Operations;

/// <summary>
/// What this gateway has answered since it started, for operators. Bounded: of many repositories of a tenant the rarely pulled are
/// forgotten; no tenant makes those of another forgotten.
/// </summary>
internal sealed class RequestStatistics
{
    /// <summary>Names of one tenant.</summary>
    private const int MaxRepositories = 1000;

    private const int Reported = 20;
    private const int ReportedOfTenant = 10;

    private readonly ConcurrentDictionary<string, Counters> _tenants = new();

    public void Answered(string tenant, int status) => Of(tenant).Count(status);

    /// <summary>Bodies went by, in bytes.</summary>
    public void Moved(string tenant, long received, long sent) => Of(tenant).Move(received, sent);

    /// <summary>A request was refused.</summary>
    /// <param name="tenant">Whose it was.</param>
    /// <param name="reason">A word of the code, as the metric of denials has it, or <c>limit</c>.</param>
    public void Denied(string tenant, string reason) => Of(tenant).Deny(reason);

    public void Pulled(string tenant, string repository) => Of(tenant).Pull(repository);

    /// <summary>Forgets tenants.</summary>
    /// <param name="isKept">Whether one is in the configuration.</param>
    public void Keep(Func<string, bool> isKept)
    {
        foreach (var tenant in _tenants.Keys.Where(tenant => !isKept(tenant)))
        {
            _tenants.TryRemove(tenant, out _);
        }
    }

    /// <summary>What each tenant was served.</summary>
    /// <param name="streams">How many transfers of a tenant run now.</param>
    public IReadOnlyList<TenantTraffic> Tenants(Func<string, int> streams) =>
        [.. _tenants.Select(tenant => tenant.Value.Describe(tenant.Key) with { Streams = streams(tenant.Key) })];

    /// <summary>The most pulled repositories of all tenants; of one tenant ten at the most.</summary>
    public IReadOnlyList<RepositoryPulls> Repositories() =>
        [.. _tenants.Keys.SelectMany(RepositoriesOf).OrderByDescending(pulls => pulls.Pulls).Take(Reported)];

    /// <summary>The ten most pulled repositories of a tenant.</summary>
    public IReadOnlyList<RepositoryPulls> RepositoriesOf(string tenant) => _tenants.TryGetValue(tenant, out var counters)
        ? [.. counters.MostPulled(ReportedOfTenant).Select(pulls => new RepositoryPulls(tenant, pulls.Key, pulls.Value))] : [];

    /// <summary>The repositories of a tenant that are remembered, a thousand at the most.</summary>
    public IReadOnlyList<string> NamesOf(string tenant) => _tenants.TryGetValue(tenant, out var counters) ? counters.Names : [];

    /// <summary>The most pulled of them first, as many as weigh no more than so many bytes.</summary>
    public PulledNames NamesOf(string tenant, int maxBytes)
    {
        var (left, all) = (maxBytes, _tenants.TryGetValue(tenant, out var counters) ? counters.MostPulled(MaxRepositories).ToList() : []);
        List<string> names = [.. all.Select(pulls => pulls.Key).TakeWhile(name => (left -= name.Length) >= 0)];
        return new PulledNames(names, names.Count < all.Count);
    }

    /// <summary>Forgets all of a tenant: its name is somebody else's from now on, or nobody's.</summary>
    public void Forget(string tenant) => _tenants.TryRemove(tenant, out _);

    private Counters Of(string tenant) =>
        _tenants.TryGetValue(tenant, out var counters) ? counters : _tenants.GetOrAdd(tenant, static _ => new Counters());

    private sealed class Counters
    {
        private readonly ConcurrentDictionary<string, long> _reasons = new();
        private readonly ConcurrentDictionary<string, long> _repositories = new();
        private long _requests;
        private long _refused;
        private long _errors;
        private long _pulls;
        private long _sent;
        private long _received;

        public IReadOnlyList<string> Names => [.. _repositories.Keys];

        public void Pull(string repository)
        {
            Interlocked.Increment(ref _pulls);
            if (_repositories.AddOrUpdate(repository, 1, static (_, pulls) => pulls + 1) == 1 && _repositories.Count > MaxRepositories)
            {
                Forget(repository);
            }
        }

        public IEnumerable<KeyValuePair<string, long>> MostPulled(int most) =>
            _repositories.OrderByDescending(pulls => pulls.Value).Take(most);

        /// <summary>Makes room for a tenth of them, so that it is not done for each name and few are missed.</summary>
        private void Forget(string newest)
        {
            foreach (var (repository, _) in _repositories.Where(pulls => pulls.Key != newest).OrderBy(pulls => pulls.Value)
                .Take(MaxRepositories / 10))
            {
                _repositories.TryRemove(repository, out _);
            }
        }

        public void Deny(string reason) => _reasons.AddOrUpdate(reason, 1, static (_, count) => count + 1);

        public void Move(long received, long sent)
        {
            Interlocked.Add(ref _received, received);
            Interlocked.Add(ref _sent, sent);
        }

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
            tenant, Interlocked.Read(ref _requests), Interlocked.Read(ref _refused), Interlocked.Read(ref _errors))
        {
            Pulls = Interlocked.Read(ref _pulls),
            Sent = Interlocked.Read(ref _sent),
            Received = Interlocked.Read(ref _received),
            Refusals = [.. _reasons.Select(reason => new ReasonCount(reason.Key, reason.Value))],
        };
    }
}
