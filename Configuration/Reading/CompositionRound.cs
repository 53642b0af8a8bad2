using RegistryProxy.Configuration.Reading.Tenants;
using RegistryProxy.Configuration.Reading.Upstreams;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary>One try to make a configuration of texts: the configuration, and what is wrong with which of them.</summary>
/// <param name="main">The main file.</param>
/// <param name="before">Who had which names and hosts.</param>
internal sealed class CompositionRound(OperatorFile main, Claims before)
{
    private readonly Dictionary<string, List<ConfigurationError>> _failures = [];
    private readonly List<(OperatorFile File, TenantSet Set)> _sets = [];
    private readonly Dictionary<string, (TenantEntry Entry, string Part)> _tenants = [];
    private readonly Dictionary<string, UpstreamConfiguration> _ownUpstreams = [];
    private readonly Dictionary<string, AuthenticatorConfiguration> _ownAuthenticators = [];

    /// <summary>What is wrong, by part; empty names the main file.</summary>
    public IReadOnlyDictionary<string, List<ConfigurationError>> Failures => _failures;

    /// <summary>Whether something is wrong: what would be judged by it is judged once that is settled.</summary>
    public bool IsFailed => _failures.Count > 0;

    /// <summary>Tenants of the main file that have errors and were left out.</summary>
    public IReadOnlySet<string> Tolerated { get; private set; } = new HashSet<string>();

    /// <summary>What is wrong with them.</summary>
    public IReadOnlyList<ConfigurationError> ToleratedErrors { get; private set; } = [];

    /// <summary>What works and may not be meant, in any file of an operator.</summary>
    public IEnumerable<ConfigurationError> Warnings => _sets.SelectMany(
        set => set.File.Errors == set.Set.Errors ? set.Set.Errors.Warnings : set.File.Errors.Warnings.Concat(set.Set.Errors.Warnings));

    /// <summary>Who has which names and hosts now.</summary>
    public Claims Claims { get; private set; } = new();

    /// <summary>The parts whose claims stood against those of others.</summary>
    public ISet<string> Contested { get; } = new HashSet<string>();

    /// <summary>What there is but for the tenants.</summary>
    public FrontDoorConfiguration Known { get; private set; } = main.Host;

    /// <summary>The tenants.</summary>
    public IEnumerable<TenantEntry> Tenants => _tenants.Values.Select(tenant => tenant.Entry);

    /// <summary>All of it.</summary>
    public FrontDoorConfiguration Configuration =>
        Known with
        {
            Upstreams = Joined(Known.Upstreams, _ownUpstreams),
            Authenticators = Joined(Known.Authenticators, _ownAuthenticators),
            Tenants = Tenants.ToDictionary(entry => entry.Tenant.Name, entry => entry.Tenant),
        };

    public void Fail(string part, params IEnumerable<ConfigurationError> errors)
    {
        if (!_failures.TryGetValue(part, out var all))
        {
            _failures[part] = all = [];
        }

        all.AddRange(errors);
    }

    /// <summary>Puts together what the files of operators say of upstreams and authenticators.</summary>
    /// <param name="files">The files.</param>
    /// <param name="isTolerant">Whether the main file may name an upstream of a file that is not there.</param>
    public void ReadNames(IReadOnlyList<OperatorFile> files, bool isTolerant)
    {
        Claims = Claims.Settle(
            files.SelectMany(file => file.Upstreams.Select(one => new Claim("upstream", one.Name, file.Name, "", one.Place))
                .Concat(file.Authenticators.Select(one => new Claim("authenticator", one.Name, file.Name, "", one.Place)))),
            before, Refuse);
        Know(files);
        foreach (var file in IsFailed ? [] : files)
        {
            foreach (var (name, other, place) in file.Sharing)
            {
                if ((!isTolerant || file != main || Known.Upstreams.ContainsKey(other))
                    && UpstreamReader.WhyNotShared(name, other, Known.Upstreams) is { } reason)
                {
                    Fail(file.Name, Error(place, reason));
                }
            }
        }
    }

    /// <summary>What is wrong with included files beside their tenants.</summary>
    public void FailFiles(IReadOnlyList<OperatorFile> files)
    {
        foreach (var file in files.Where(file => file != main && !file.Errors.IsEmpty))
        {
            Fail(file.Name, file.Errors.Sorted);
        }
    }

    /// <summary>All that is wrong with the main file, when something beside its tenants is.</summary>
    public void FailMain(IReadOnlyList<OperatorFile> files)
    {
        if (main.Errors.IsEmpty)
        {
            return;
        }

        Know(files);
        var set = main.Tenants(Known);
        _sets.Add((main, set));
        Fail("", set.Errors.Sorted);
    }

    /// <summary>Reads the tenants of the files of operators.</summary>
    /// <param name="files">The files.</param>
    /// <param name="isTolerant">Whether a tenant of the main file that has errors is one that cannot be used.</param>
    public void ReadTenants(IReadOnlyList<OperatorFile> files, bool isTolerant)
    {
        foreach (var file in files)
        {
            var set = file.Tenants(Known);
            _sets.Add((file, set));
            if (isTolerant && file == main && !set.IsBrokenElsewhere)
            {
                (Tolerated, ToleratedErrors) = (set.Broken, set.Errors.Sorted);
            }
            else if (!set.Errors.IsEmpty)
            {
                Fail(file.Name, set.Errors.Sorted);
            }
        }

        if (IsFailed)
        {
            return;
        }

        Claims.And(Claims.Settle(
            _sets.SelectMany(set => set.Set.Entries.Select(
                entry => new Claim("tenant", entry.Tenant.Name, set.File.Name, "", entry.Place))), before, Refuse));
        foreach (var (file, set) in _sets)
        {
            foreach (var entry in set.Entries)
            {
                var isLeftOut = file == main && Tolerated.Contains(entry.Tenant.Name);
                _tenants.TryAdd(entry.Tenant.Name, (isLeftOut ? LeftOut(entry) : entry, file.Name));
            }
        }
    }

    /// <summary>Takes what the file of a tenant makes of it; <c>null</c> when that cannot be used.</summary>
    public void Complete(TenantEntry entry, TenantConfiguration? whole, TenantDefinitions own)
    {
        _tenants[entry.Tenant.Name] = (entry with { Tenant = whole ?? Unusable(entry.Tenant) }, _tenants[entry.Tenant.Name].Part);
        foreach (var upstream in own.Upstreams.Values)
        {
            _ownUpstreams[upstream.Name] = upstream;
        }

        foreach (var (name, authenticator) in own.Authenticators)
        {
            _ownAuthenticators[$"{entry.Tenant.Name}/{name}"] = authenticator;
        }
    }

    /// <summary>Adds tenants of files that cannot be used, under names and hosts that nobody else has.</summary>
    public void Add(IEnumerable<TenantEntry> unusable)
    {
        var hosts = Tenants.SelectMany(entry => entry.Tenant.Hosts).ToHashSet();
        foreach (var entry in unusable)
        {
            var free = entry.Tenant.Hosts.Where(hosts.Add).ToList();
            if (free.Count > 0)
            {
                _tenants.TryAdd(entry.Tenant.Name, (entry with { Tenant = entry.Tenant with { Hosts = free }, Hosts = [] }, ""));
            }
        }
    }

    /// <summary>Sees that each host is of one tenant.</summary>
    public void SettleHosts() => Claims.And(Claims.Settle(
        _tenants.Values.SelectMany(tenant => tenant.Entry.Tenant.Hosts.Zip(
            tenant.Entry.Hosts, (host, place) => new Claim("host", host, tenant.Part, tenant.Entry.Tenant.Name, place))),
        before, Refuse));

    private void Know(IReadOnlyList<OperatorFile> files) => Known = main.Host with
    {
        Upstreams = First(files.SelectMany(file => file.Upstreams)),
        Authenticators = First(files.SelectMany(file => file.Authenticators)),
    };

    private void Refuse(Claim claim, Claim against)
    {
        Contested.Add(against.Part);
        Fail(claim.Part, Error(
            claim.Place,
            claim.What == "host"
                ? $"the host '{claim.Name}' is given more than once, also at {against.Place}; hosts are unique across tenants"
                : $"there is another {claim.What} '{claim.Name}' at {against.Place}; names are unique across files"));
    }

    private static TenantConfiguration Unusable(TenantConfiguration tenant) =>
        tenant with { IsUnusable = true, Routes = [], Access = [], Authenticators = [], Namespaces = new Dictionary<string, string>() };

    private static TenantEntry LeftOut(TenantEntry entry) =>
        entry with { Tenant = Unusable(entry.Tenant) with { IsManaged = false }, File = null };

    private static ConfigurationError Error(FieldPlace place, string message) =>
        new(place.File, (int)Math.Clamp(place.Line, 1, int.MaxValue), place.Path, message);

    private static IReadOnlyDictionary<string, T> Joined<T>(IReadOnlyDictionary<string, T> shared, Dictionary<string, T> own) =>
        own.Count == 0 ? shared : shared.Concat(own).ToDictionary();

    private static Dictionary<string, T> First<T>(IEnumerable<NamedEntry<T>> all)
    {
        Dictionary<string, T> first = [];
        foreach (var one in all)
        {
            first.TryAdd(one.Name, one.Value);
        }

        return first;
    }
}
