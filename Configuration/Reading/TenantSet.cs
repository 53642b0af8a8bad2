using RegistryProxy.Configuration.Reading.Tenants;
using RegistryProxy.Configuration.Reading.Upstreams;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary>The tenants of one file, and what of the rest of the configuration they were read by.</summary>
/// <param name="Entries">The tenants.</param>
/// <param name="Broken">Names of those among them that have errors.</param>
/// <param name="Errors">The errors of the file.</param>
internal sealed record TenantSet(IReadOnlyList<TenantEntry> Entries, IReadOnlySet<string> Broken, ErrorList Errors)
{
    private KnownParts _known = KnownParts.None;

    /// <summary>Whether there are errors that are of no single tenant.</summary>
    public bool IsBrokenElsewhere { get; private init; }

    /// <summary>A file without tenants.</summary>
    public static TenantSet None(ErrorList errors) => new([], new HashSet<string>(), errors) { IsBrokenElsewhere = !errors.IsEmpty };

    public static TenantSet Read(Section map, FrontDoorConfiguration known, ReadingContext context, ErrorList errors)
    {
        List<TenantEntry> entries = [];
        HashSet<string> broken = [];
        var ofTenants = 0;
        var tenants = map["tenants"];
        foreach (var (name, field) in tenants.Entries())
        {
            var before = errors.Count;
            if (TenantReader.Read(name, field, known, context) is { } entry)
            {
                entries.Add(entry);
            }

            if (errors.Count > before)
            {
                broken.Add(name);
                ofTenants += errors.Count - before;
            }
        }

        if (errors.IsEmpty)
        {
            var own = known with { Tenants = entries.ToDictionary(entry => entry.Tenant.Name, entry => entry.Tenant) };
            UpstreamDoubts.Tell(map["upstreams"], own);
            new TenantDoubts(own).Tell(tenants);
        }

        return new TenantSet(entries, broken, errors)
        {
            IsBrokenElsewhere = errors.Count > ofTenants, _known = KnownParts.Of(known, entries.Select(entry => entry.Tenant)),
        };
    }

    /// <summary>Whether they would be read in the same way.</summary>
    public bool IsOf(FrontDoorConfiguration known) => _known.AreOf(known);
}

/// <summary>What of a configuration tenants were read by.</summary>
internal sealed record KnownParts(
    bool HasCache, bool IsOnLoopback, IReadOnlyList<string> Upstreams, IReadOnlyList<(string Name, string Stamp)> Used)
{
    public static KnownParts None { get; } = new(false, false, [], []);

    public static KnownParts Of(FrontDoorConfiguration known, IEnumerable<TenantConfiguration> tenants)
    {
        var all = tenants.ToList();
        return new KnownParts(
            known.Cache is not null, EndpointReader.IsLoopback(known.Listen.Data),
            [.. all.SelectMany(tenant => tenant.Routes.SelectMany(route => route.Upstreams).Concat(tenant.MayUse.Upstreams)).Distinct()
                .Where(known.Upstreams.ContainsKey)],
            [.. all.SelectMany(tenant => tenant.SessionAuthenticators.Concat(tenant.MayUse.Authenticators)).Distinct()
                .Where(known.Authenticators.ContainsKey).Select(name => (name, known.Authenticators[name].Stamp))]);
    }

    /// <summary>All that a part sees of what it may use.</summary>
    public static KnownParts OfShared(FrontDoorConfiguration shared) => new(
        shared.Cache is not null, EndpointReader.IsLoopback(shared.Listen.Data), [.. shared.Upstreams.Keys],
        [.. shared.Authenticators.Select(one => (one.Key, one.Value.Stamp))]);

    public bool AreOf(FrontDoorConfiguration known) =>
        HasCache == known.Cache is not null && IsOnLoopback == EndpointReader.IsLoopback(known.Listen.Data)
        && Upstreams.All(known.Upstreams.ContainsKey)
        && Used.All(one => known.Authenticators.GetValueOrDefault(one.Name)?.Stamp == one.Stamp);
}
