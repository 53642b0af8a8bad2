using RegistryProxy.Configuration.Reading.Authenticators;
using RegistryProxy.Configuration.Reading.Upstreams;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary><c>define</c> of a tenant's part: upstreams and authenticators that are the tenant's alone.</summary>
/// <param name="Upstreams">By the name that the part gives; each has its name in the whole configuration.</param>
/// <param name="Authenticators">By the name that the part gives.</param>
internal sealed record TenantDefinitions(
    IReadOnlyDictionary<string, UpstreamConfiguration> Upstreams, IReadOnlyDictionary<string, AuthenticatorConfiguration> Authenticators)
{
    /// <summary>How many upstreams, or authenticators, a tenant may define.</summary>
    public const int MaxEach = 100;

    /// <summary>Nothing.</summary>
    public static TenantDefinitions None { get; } =
        new(new Dictionary<string, UpstreamConfiguration>(), new Dictionary<string, AuthenticatorConfiguration>());

    public static TenantDefinitions Read(Field field, TenantConfiguration tenant, ReadingContext context)
    {
        var map = field.Fields();
        var (upstreams, authenticators) = (map["upstreams"], map["authenticators"]);
        map.RefuseOthers();
        var own = new TenantDefinitions(
            All(upstreams, name => tenant.MayUse.Upstreams.Contains(name) ? Shared(name) : null,
                (name, entry) => UpstreamReader.Read(name, entry, context)),
            All(authenticators, name => tenant.MayUse.Authenticators.Contains(name) ? Shared(name)
                : tenant.AdministratorAuthenticators.Contains(name)
                    ? $"'{name}' is an authenticator of the operator, by which this tenant's administrators prove who they are: " +
                        "give another name"
                : null,
                (name, entry) => AuthenticatorReader.Read(name, entry, context)));
        if (own.Authenticators.Values.OfType<KubernetesClustersConfiguration>().Sum(one => one.Clusters.Count) > TenantKeys.MaxClusters)
        {
            authenticators.Fail($"have more than {TenantKeys.MaxClusters} clusters together, which is the most that a tenant defines");
        }

        if (upstreams.IsMap && upstreams.Errors.IsEmpty)
        {
            UpstreamDoubts.Tell(upstreams, new FrontDoorConfiguration { Upstreams = own.Upstreams });
        }

        return own;
    }

    /// <summary>What the part may name: what all have, as far as the operator lets it, and its own.</summary>
    public FrontDoorConfiguration And(FrontDoorConfiguration shared) => shared with
    {
        Upstreams = Joined(shared.Upstreams, Upstreams), Authenticators = Joined(shared.Authenticators, Authenticators),
    };

    private static Dictionary<string, T> Joined<T>(IReadOnlyDictionary<string, T> shared, IReadOnlyDictionary<string, T> own)
    {
        var all = shared.ToDictionary();
        foreach (var (name, value) in own)
        {
            all[name] = value;
        }

        return all;
    }

    private static string Shared(string name) => $"the operator lets this tenant use a shared '{name}': give another name";

    private static Dictionary<string, T> All<T>(Field field, Func<string, string?> taken, Func<string, Field, T?> read)
        where T : class
    {
        Dictionary<string, T> all = [];
        if (field.IsMap && field.Entries().Skip(MaxEach).Any())
        {
            field.Fail($"has more than {MaxEach} entries, which is the most that a tenant defines");
            return all;
        }

        foreach (var (name, entry) in field.Entries())
        {
            if (taken(name) is { } reason)
            {
                entry.Fail(reason);
            }

            if (read(name, entry) is { } value)
            {
                all[name] = value;
            }
        }

        return all;
    }
}
