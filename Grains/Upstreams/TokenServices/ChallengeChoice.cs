using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.TokenServices;

/// <summary>
/// The best of what an upstream asks for: 1. a token of an endpoint that it may name; 2. a password, which goes to the upstream itself and
/// is also what one that only refuses is taken to ask for.
/// </summary>
internal static class ChallengeChoice
{
    /// <summary>The longest <c>service</c> of a challenge, in characters; it goes into the query of the token endpoint.</summary>
    public const int MaxService = 1024;

    /// <summary>The longest challenge of a refusal that is remembered for a scope, in characters.</summary>
    public const int MaxAsked = 2048;

    /// <summary>
    /// What is worth to be remembered of a refusal: the one challenge that is chosen, in its shortest form; none when it has none;
    /// <c>null</c> when nothing in it is of use.
    /// </summary>
    public static string[]? Shortest(UpstreamConfiguration upstream, string[] headers)
    {
        IReadOnlyList<Challenge> challenges = [.. headers.SelectMany(Challenge.ParseAll)];
        if (challenges.Count == 0)
        {
            return [];
        }

        return Of(upstream, challenges) switch
        {
            { Failure: not null } => null,
            { Challenge: { Scheme: UpstreamScheme.Bearer, Realm: { } realm } bearer } =>
                Challenge.Bearer(realm.AbsoluteUri, bearer.Service) is { Length: <= MaxAsked } header ? [header] : null,
            _ => ["Basic realm=\"registry\""],
        };
    }

    public static ProbeAnswer Of(UpstreamConfiguration upstream, IReadOnlyList<Challenge> challenges)
    {
        // 1. A token.
        var problem = challenges.Count == 0 ? "answers 401 without a WWW-Authenticate challenge"
            : "has a WWW-Authenticate challenge that is neither Bearer nor Basic";
        foreach (var bearer in challenges.Where(challenge => challenge.IsBearer))
        {
            if (bearer.Service?.Length > MaxService)
            {
                problem = $"names a service of more than {MaxService} characters in its challenge";
            }
            else if (RealmPolicy.Check(upstream, bearer.Realm) is { } realm)
            {
                return new ProbeAnswer(new UpstreamChallenge(UpstreamScheme.Bearer, realm, bearer.Service), null);
            }
            else
            {
                problem = "names a token endpoint that upstreams.*.realms does not list; no credential was sent";
            }
        }

        // 2. A password.
        var hasPassword = upstream.Credentials.Type != "anonymous";
        var asksForOne = challenges.Count == 0 ? hasPassword
            : challenges.Any(challenge => challenge.IsBasic) && (hasPassword || !challenges.Any(challenge => challenge.IsBearer));
        return asksForOne
            ? new ProbeAnswer(new UpstreamChallenge(UpstreamScheme.Basic), null)
            : ProbeAnswer.Failed(new UpstreamFailure(UpstreamFailureKind.Misconfigured, $"upstream '{upstream.Name}' {problem}", 0));
    }
}
