using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary>What is right in a rule about machines of several Kubernetes clusters and hardly meant.</summary>
internal static class ClusterDoubts
{
    public static void Tell(Section rule, AccessRuleConfiguration read, IReadOnlyDictionary<string, AuthenticatorConfiguration> known)
    {
        foreach (var (item, subject) in rule["who"].Items().Zip(read.Who))
        {
            if (subject.Kind == AccessSubjectKind.Subject && ClustersOf(subject, known) is { } clusters
                && !clusters.Keys.Any(cluster => MayMatch(subject.Glob, $"{cluster}/system:serviceaccount:")))
            {
                item.Warn($"subjects of '{subject.Authenticator}' begin with their cluster, such as " +
                    $"{clusters.Keys.First()}/system:serviceaccount:NAMESPACE:NAME");
            }
        }

        var named = read.Who.Select(subject => ClustersOf(subject, known)).ToList();
        if (read.When.TryGetValue("cluster", out var globs) && named.TrueForAll(clusters => clusters is not null)
            && !named.Exists(clusters => clusters!.Keys.Any(cluster => globs.Any(glob => Glob.Matches(glob, cluster)))))
        {
            var when = rule["when"];
            when.Warn($"no such cluster is configured{when.Errors.Suggest(globs[0], named.SelectMany(clusters => clusters!.Keys))}");
        }
    }

    private static IReadOnlyDictionary<string, KubernetesConfiguration>? ClustersOf(
        AccessSubject subject, IReadOnlyDictionary<string, AuthenticatorConfiguration> known) =>
        subject.Authenticator is { } name ? (known.GetValueOrDefault(name) as KubernetesClustersConfiguration)?.Clusters : null;

    /// <summary>Whether a glob may match a text that begins so.</summary>
    private static bool MayMatch(string glob, string beginning)
    {
        var literal = glob.IndexOf('*') is var star and >= 0 ? glob[..star] : glob;
        return literal.StartsWith(beginning, StringComparison.Ordinal)
            || (literal.Length < glob.Length && beginning.StartsWith(literal, StringComparison.Ordinal));
    }
}
