using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary>Rules that let somebody push what they may not pull, which clients take badly that read back what they pushed.</summary>
internal static class PushDoubts
{
    public static void Tell(Field access, IReadOnlyList<AccessRuleConfiguration> rules)
    {
        var pulls = rules.Where(rule => Grants(rule, RepositoryActions.Pull) && rule.When.Count == 0).ToList();
        foreach (var (item, rule) in access.Items().Zip(rules))
        {
            if (Grants(rule, RepositoryActions.Push) && !Grants(rule, RepositoryActions.Pull)
                && !rule.Who.All(subject => rule.Repositories.All(pattern => pulls.Exists(pull => Covers(pull, subject, pattern)))))
            {
                item.Map()!["actions"].Warn(
                    "lets push without pull: docker, podman, skopeo and helm push with it, but clients that read back what is there "
                    + "(cosign, oras attach, crane, docker buildx with a registry cache or for several platforms) fail with 403; add pull "
                    + "for them");
            }
        }
    }

    private static bool Grants(AccessRuleConfiguration rule, RepositoryActions action) => (rule.Actions & action) == action;

    private static bool Covers(AccessRuleConfiguration pull, AccessSubject subject, RepositoryPattern pattern) =>
        pull.Repositories.Any(other => other.Covers(pattern)) && pull.Who.Any(who => who == subject
            || who.Kind is AccessSubjectKind.Anonymous
            || (who.Kind is AccessSubjectKind.Authenticated && subject.Kind is not AccessSubjectKind.Anonymous)
            || (who.Kind is AccessSubjectKind.Authenticator && who.Authenticator == subject.Authenticator));
}
