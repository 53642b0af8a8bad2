using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Authenticators;

/// <summary><c>type: kubernetes</c>: one cluster, or several under <c>clusters</c>.</summary>
internal static class KubernetesReader
{
    /// <summary>What each of several clusters has for itself.</summary>
    private static readonly string[] OfOne = ["issuer", "jwks", "endpoint", "ca"];

    public static AuthenticatorConfiguration Read(string name, Section map, ReadingContext context)
    {
        var (clusters, audience) = (map["clusters"], TokenIssuerReader.Audience(map["audience"]));
        return clusters.IsPresent
            ? Several(name, audience, map, clusters, context)
            : One(name, audience, map, map["allowPrivate"].Flag(false), TokenIssuerReader.Require(map["require"]), context);
    }

    private static KubernetesClustersConfiguration Several(
        string name, string audience, Section map, Field clusters, ReadingContext context)
    {
        foreach (var field in OfOne.Select(key => map[key]).Where(field => field.IsPresent))
        {
            field.Fail("cannot be set beside clusters: set it for each of them");
        }

        var (allowPrivate, require) = (map["allowPrivate"].Flag(false), TokenIssuerReader.Require(map["require"]));
        Dictionary<string, KubernetesConfiguration> all = [];
        Dictionary<string, Field> issuers = [];
        foreach (var (cluster, field) in clusters.Entries())
        {
            Names.Check(cluster, field);
            if (field.Map() is { } own)
            {
                var one = One(
                    name, audience, own, own["allowPrivate"].Flag(allowPrivate), Both(require, TokenIssuerReader.Require(own["require"])),
                    context);
                own.RefuseOthers();
                RefuseSame(issuers, own["issuer"]);
                all[cluster] = one with { Cluster = cluster, Stamp = Stamp(map, field) };
            }
        }

        if (all.Count == 0 && clusters.IsMap)
        {
            clusters.Fail("may not be empty: empty never means all");
        }

        return new KubernetesClustersConfiguration { Name = name, Clusters = all };
    }

    /// <summary>Of a cluster: what the others say makes no difference to it.</summary>
    private static string Stamp(Section map, Field cluster) => ShortHash.Of(
        new[] { map["audience"], map["allowPrivate"], map["require"], cluster }.Select(field => field.Stamp(withSecrets: false)));

    /// <summary>What a cluster requires beyond what all do; of a claim that both name the cluster's globs count.</summary>
    private static Dictionary<string, IReadOnlyList<string>> Both(
        Dictionary<string, IReadOnlyList<string>> common, Dictionary<string, IReadOnlyList<string>> own) =>
        common.Where(claim => !own.ContainsKey(claim.Key)).Concat(own).ToDictionary();

    /// <summary>By its issuer a token finds its cluster: two with the same one are wrong, and both are told.</summary>
    private static void RefuseSame(Dictionary<string, Field> issuers, Field issuer)
    {
        if (issuer.Text() is not { } text || issuers.TryAdd(text, issuer))
        {
            return;
        }

        var first = issuers[text];
        const string Because = "a token finds its cluster by its issuer, which must be unique";
        first.Fail($"is also that of {issuer.Path}: {Because}");
        issuer.Fail($"is also that of {first.Path}: {Because}");
    }

    private static KubernetesConfiguration One(
        string name, string audience, Section map, bool allowPrivate, IReadOnlyDictionary<string, IReadOnlyList<string>> require,
        ReadingContext context) => new()
        {
            Name = name,
            Ca = PemReader.Authorities(map["ca"], context),
            Issuer = TokenIssuerReader.Issuer(map["issuer"], allowPrivate),
            Audience = audience,
            Keys = TokenIssuerReader.Keys(map, allowPrivate, context),
            AllowPrivate = allowPrivate,
            Require = require,
            IsOfTenant = context.Bounds is not null,
        };
}
