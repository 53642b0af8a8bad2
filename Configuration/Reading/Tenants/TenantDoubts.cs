using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary>What is right in <c>tenants</c> and hardly meant: rules and routes that nobody meets, names that nobody has.</summary>
internal sealed class TenantDoubts(FrontDoorConfiguration configuration)
{
    /// <summary>Rules × routes that are compared for one tenant.</summary>
    private const long MaxPairs = 1_000_000;

    private readonly Dictionary<string, HtpasswdFile> _files = [];

    public void Tell(Field tenants)
    {
        foreach (var (name, field) in tenants.Entries())
        {
            if (configuration.Tenants.TryGetValue(name, out var tenant) && field.IsMap)
            {
                TellUrl(field.Map()!, tenant);
                TellUnknown(field.Map()!["administrators"], tenant.Administrators);
                TellWorkloads(field.Map()!["administrators"], tenant.Administrators);
                if (tenant.IsManaged)
                {
                    TellManaged(field.Map()!["managed"], tenant);
                }
                else if (!field.Map()!["file"].IsPresent)
                {
                    TellRights(field.Map()!, tenant);
                }
            }
        }
    }

    private void TellManaged(Field managed, TenantConfiguration tenant)
    {
        if (tenant.Administrators.Count == 0)
        {
            managed.Warn("this tenant has no administrators: only operators can change its part");
        }

        if (configuration.State.Provider == StateProvider.Memory)
        {
            managed.Warn("the state is in memory: the part is gone when the silos stop; see state.provider");
        }
    }

    /// <summary>Administrators of whom the configuration does not say that they are people.</summary>
    private void TellWorkloads(Field administrators, IReadOnlyList<AccessSubject> subjects)
    {
        foreach (var (item, subject) in administrators.Items().Zip(subjects))
        {
            if (configuration.Authenticators.GetValueOrDefault(subject.Authenticator ?? "")
                is GrpcConfiguration or OidcConfiguration { People: null })
            {
                item.Warn($"'{subject.Authenticator}' may prove machines and workloads as well as people, and whoever shows a token of " +
                    "such a name administers this tenant: name an authenticator of people (ldap, htpasswd, or oidc with clientId)");
            }
        }
    }

    private static void TellUrl(Section map, TenantConfiguration tenant)
    {
        if (tenant.PublicUrl is { } url && !tenant.Hosts.Contains("*")
            && !tenant.Hosts.Any(host => host.Trim('[', ']') == url.IdnHost.Trim('[', ']')))
        {
            map["publicUrl"]
                .Warn($"its host is not in this tenant's hosts, but clients request tokens there: add '{url.IdnHost}' to hosts");
        }

        if (tenant is { PublicUrl: { Scheme: "http", IsLoopback: false }, Authenticators.Count: > 0 })
        {
            map["publicUrl"].Warn("is http: passwords and tokens of clients are sent unencrypted");
        }
    }

    /// <summary>What a tenant says of itself.</summary>
    public void TellRights(Section map, TenantConfiguration tenant)
    {
        var access = map["access"];
        if (tenant.Access.Count == 0)
        {
            access.Warn("has no rule that grants anything: this tenant refuses everybody");
            return;
        }

        if (tenant.Authenticators.Count == 0 && !tenant.Access.SelectMany(rule => rule.Who).Any(IsWithoutAuthenticator))
        {
            access.Warn("nobody can log in to this tenant, since it has no authenticators, and no rule is for anonymous or a robot: it " +
                "refuses everybody");
        }

        foreach (var (item, rule) in access.Items().Zip(tenant.Access))
        {
            Tell(item.Map()!, rule);
        }

        PushDoubts.Tell(access, tenant.Access);
        if ((long)tenant.Access.Sum(rule => rule.Repositories.Count) * tenant.Routes.Count <= MaxPairs)
        {
            TellUnmet(map, tenant);
        }
    }

    private static void TellUnmet(Section map, TenantConfiguration tenant)
    {
        var rules = tenant.Access.Where(OfRepositories).ToList();
        var prefixes = tenant.Routes.Select(route => route.Prefix).ToHashSet();
        foreach (var (item, rule) in map["access"].Items().Zip(tenant.Access).Where(pair => OfRepositories(pair.Second)))
        {
            foreach (var (text, pattern) in item.Map()!["repositories"].Items().Zip(rule.Repositories))
            {
                if (!tenant.Routes.Any(route => pattern.MatchesBelow(route.Prefix)))
                {
                    text.Warn($"no route of this tenant matches such a name; its prefixes: " +
                        $"{string.Join(", ", tenant.Routes.Take(10).Select(route => $"'{route.Prefix}'"))}");
                }
            }
        }

        var granted = rules.SelectMany(rule => rule.Repositories).Distinct()
            .Select(pattern => (Pattern: pattern, Taken: LongestAbove(pattern, prefixes))).ToList();
        foreach (var (item, route) in map["routes"].Items().Zip(tenant.Routes))
        {
            var below = granted.Where(one => one.Pattern.MatchesBelow(route.Prefix)).ToList();
            if (below.Count == 0)
            {
                item.Warn($"no access rule grants anything below '{route.Prefix}': this route cannot be used");
            }
            else if (below.TrueForAll(one => one.Taken > route.Prefix.Length))
            {
                item.Warn($"what access rules grant below '{route.Prefix}' belongs to routes with longer prefixes: this route cannot " +
                    "be used");
            }
        }
    }

    /// <summary>How long the longest prefix is below which a pattern grants all that it does; 0 for none.</summary>
    private static int LongestAbove(RepositoryPattern pattern, HashSet<string> prefixes)
    {
        var path = pattern.IsName ? Parent(pattern.Stem) : pattern.Stem;
        while (path.Length > 0 && !prefixes.Contains(path))
        {
            path = Parent(path);
        }

        return path.Length;

        static string Parent(string path) => path[..Math.Max(path.LastIndexOf('/'), 0)];
    }

    private static bool IsWithoutAuthenticator(AccessSubject subject) =>
        subject.Kind is AccessSubjectKind.Anonymous or AccessSubjectKind.Robot;

    private static bool OfRepositories(AccessRuleConfiguration rule) =>
        (rule.Actions & ~RepositoryActions.Catalog) != RepositoryActions.None;

    private void Tell(Section map, AccessRuleConfiguration rule)
    {
        ClusterDoubts.Tell(map, rule, configuration.Authenticators);
        foreach (var (item, subject) in map["who"].Items().Zip(rule.Who))
        {
            if (rule.When.Count == 0)
            {
                continue;
            }

            if (subject.Kind == AccessSubjectKind.Robot)
            {
                item.Warn("a rule with 'when' never matches robots, because robots have no claims");
            }
            else if (subject.Authenticator is { } name
                && configuration.Authenticators.GetValueOrDefault(name) is HtpasswdConfiguration)
            {
                item.Warn($"a rule with 'when' never matches users of '{name}', because a password file has no claims");
            }
        }

        TellUnknown(map["who"], rule.Who);
    }

    /// <summary>Users and groups that a password file does not have.</summary>
    private void TellUnknown(Field who, IReadOnlyList<AccessSubject> subjects)
    {
        foreach (var (item, subject) in who.Items().Zip(subjects))
        {
            if (subject.Authenticator is not { } name
                || configuration.Authenticators.GetValueOrDefault(name) is not HtpasswdConfiguration authenticator)
            {
                continue;
            }

            IEnumerable<string>? known = subject.Kind switch
            {
                AccessSubjectKind.Group => authenticator.Groups.Keys,
                AccessSubjectKind.User or AccessSubjectKind.Subject => Users(authenticator),
                _ => null,
            };
            if (known is not null && !known.Any(one => Glob.Matches(subject.Glob, one)))
            {
                item.Warn($"'{name}' has no {(subject.Kind == AccessSubjectKind.Group ? "group" : "user")} " +
                    $"'{subject.Glob}'{item.Errors.Suggest(subject.Glob, known)}");
            }
        }
    }

    private IEnumerable<string> Users(HtpasswdConfiguration authenticator)
    {
        var key = authenticator.Lines is null ? authenticator.File : authenticator.Name;
        if (!_files.TryGetValue(key, out var file))
        {
            _files[key] = file = authenticator.TryRead(out var read, out _) ? read : HtpasswdFile.Empty;
        }

        return file.Hashes.Keys;
    }
}
