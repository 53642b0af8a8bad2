using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.Configuration;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Grains.Network;
using RegistryProxy.Grains.Robots;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Explaining;

/// <summary>
/// Answers whether somebody may do something as a login would have it: password files and directories are asked who that is and for the
/// groups, and what cannot be known here the answer says.
/// </summary>
public sealed class AccessInquiry : IDisposable
{
    private readonly AuthenticatorDirectory _authenticators;
    private readonly RobotAdministration? _robots;
    private readonly IDisposable[] _own;

    internal AccessInquiry(AuthenticatorDirectory authenticators, RobotAdministration? robots, params IDisposable[] own) =>
        (_authenticators, _robots, _own) = (authenticators, robots, own);

    /// <summary>For a configuration without a cluster.</summary>
    public static AccessInquiry Of(FrontDoorConfiguration configuration)
    {
        var feed = new FixedConfiguration(new ConfigurationSnapshot(configuration, "check"));
        var work = new PasswordWork();
        var proxies = new EgressProxies(feed, TimeProvider.System, NullLogger<EgressProxies>.Instance);

        // Grains are asked when somebody proves something, and nobody does here.
        var factory = new AuthenticatorFactory(work, null!, null!, proxies, TimeProvider.System, NullLoggerFactory.Instance);
        var directory = new AuthenticatorDirectory(feed, factory, TimeProvider.System, NullLogger<AuthenticatorDirectory>.Instance);
        return new AccessInquiry(directory, null, directory, proxies);
    }

    /// <summary>Answers the question; <c>null</c> when there is no such tenant.</summary>
    /// <param name="configuration">What decides.</param>
    /// <param name="question">The question.</param>
    /// <param name="cancellation">Ends the asking of directories.</param>
    /// <param name="mayLook">
    /// Whether somebody, by authenticator and subject, may be looked up for who asks; <c>null</c> where everybody may. Of others the
    /// answer is the same whether there is such a user or not.
    /// </param>
    public async ValueTask<AccessAnswer?> Query(
        FrontDoorConfiguration configuration, AccessQuestion question, CancellationToken cancellation,
        Func<string, string, ValueTask<bool>>? mayLook = null)
    {
        if (!configuration.Tenants.TryGetValue(question.Tenant, out var tenant))
        {
            return null;
        }

        if (tenant.IsUnusable)
        {
            return new AccessAnswer(false, null, WithoutPart(tenant), null);
        }

        var who = question.Subject is { Length: > 0 } subject
            ? await Find(tenant, question, subject, mayLook, cancellation)
            : Found.Of(null, question.Authenticator is null ? null
                : "the question names no subject: it is answered for anybody who does not log in");
        return AccessExplainer.Explain(configuration, question, who.Identity) is not { } answer ? null
            : who.Refusal is { } refusal ? answer with { Allowed = false, Rule = null, Reason = refusal }
            : answer with
            {
                Lacks = who.Lacks, Authenticator = who.Identity?.Authenticator, Subject = who.Identity?.Subject, Groups =
                    who.Identity?.Groups
            };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var owned in _own)
        {
            owned.Dispose();
        }
    }

    /// <summary>What is said when its part is not there: that it has no rules then says nothing of them.</summary>
    private string WithoutPart(TenantConfiguration tenant) => tenant.IsManaged && _robots is null
        ? $"tenant '{tenant.Name}' is managed: its part, with its routes and rules, is in the state, which only a running silo reads: " +
            "ask its /admin/explain"
        : $"the part of tenant '{tenant.Name}' is missing or has errors: its hosts answer 503 to everybody until that is mended";

    private async ValueTask<Found> Find(
        TenantConfiguration tenant, AccessQuestion question, string subject, Func<string, string, ValueTask<bool>>? mayLook,
        CancellationToken cancellation)
    {
        if (question.Authenticator == AuthenticatorConfiguration.Robot
            || (question.Authenticator is not { Length: > 0 } && RobotName.TryGet(subject, out _)))
        {
            return await FindRobot(tenant, RobotName.TryGet(subject, out var robot) ? robot : subject);
        }

        if (question.Authenticator is { Length: > 0 } name && !tenant.Authenticators.Contains(name))
        {
            return Found.Refused($"tenant '{tenant.Name}' has no authenticator '{name}'; it has {Listed(tenant.Authenticators)}" +
                Suggestion.For(name, tenant.Authenticators));
        }

        var asked = question.Authenticator is { Length: > 0 } one ? [one] : tenant.Authenticators;
        Found? undecided = null;
        foreach (var password in TokenFields.IsPasswordUser(subject) ? PasswordsOf(tenant, asked) : [])
        {
            if (mayLook is not null && !await mayLook(password, subject))
            {
                undecided ??= NotLooked(password, subject, question);
                continue;
            }

            var found = await Look(tenant, password, subject, question, cancellation);
            if (found is { Identity: not null, Lacks: null } or { Refusal: not null })
            {
                return undecided is null ? found : found.Refusal is null ? found with { Lacks = undecided.Lacks } : undecided;
            }

            undecided ??= found.Identity is null ? null : found;
        }

        return undecided ?? Token(
            tenant, question, subject, [.. asked.Where(one => _authenticators.Find(tenant, one) is not IPasswordAuthenticator)], asked);
    }

    /// <summary>In the order in which a login asks them.</summary>
    private IEnumerable<string> PasswordsOf(TenantConfiguration tenant, IEnumerable<string> asked) => asked
        .Where(one => _authenticators.Find(tenant, one) is IPasswordAuthenticator)
        .OrderBy(one => _authenticators.IsDirectoryOf(tenant, one));

    private async ValueTask<Found> FindRobot(TenantConfiguration tenant, string name)
    {
        var user = RobotName.UserOf(name);
        return _robots is null
            ? Found.Of(Robot(user, null), $"only a running cluster knows its robots: what '{user}' was made for is not known here")
            : await _robots.Find(tenant.Name, name) switch
            {
                null => Found.Refused($"tenant '{tenant.Name}' has no robot '{name}': such a login is refused"),
                { IsOver: true, Expires: var end } => Found.Refused($"the robot '{name}' ended at {end:u}: such a login is refused"),
                { Rule: var rule } => Found.Of(Robot(user, new RobotGrant(tenant.Name, rule, [])), null),
            };
    }

    private static VerifiedIdentity Robot(string subject, RobotGrant? grant) =>
        new(AuthenticatorConfiguration.Robot, subject, [], new Dictionary<string, string>(), "", null, grant);

    /// <summary>Who somebody is to a password file or directory: nobody when it is not found there.</summary>
    private async ValueTask<Found> Look(
        TenantConfiguration tenant, string name, string subject, AccessQuestion question, CancellationToken cancellation)
    {
        var verdict = await ((IPasswordAuthenticator)_authenticators.Find(tenant, name)!).Find(
            subject, new PasswordSource(tenant.Name, CallerAddress.Of(""), IsKnown: false), cancellation);
        return verdict switch
        {
            { Identity: { HasUsableSubject: true, IsBounded: true } identity } => Found.Of(identity, null),
            { Identity: not null } =>
                Found.Refused(
                    $"'{name}' says more of '{subject}' than a session may hold, or its name cannot name one: such a login is refused"),
            { Kind: VerdictKind.Unknown } => Found.Of(null, null),
            { Kind: VerdictKind.Busy } => Found.Of(Asked(name, subject, question),
                $"'{name}' is asked too much at this moment: the groups are those of the question"),
            { Kind: VerdictKind.Refused } => Found.Refused($"'{name}' refuses '{subject}': {verdict.Message}"),
            _ => Found.Of(Asked(name, subject, question),
                $"{verdict.Message}: whether there is such a user is not known now, and the groups are those of the question"),
        };
    }

    /// <summary>Somebody who is not looked up: what is told of it was in the question.</summary>
    private static Found NotLooked(string name, string subject, AccessQuestion question)
    {
        var identity = Asked(name, subject, question);
        return identity is { HasUsableSubject: true, IsBounded: true }
            ? Found.Of(identity, $"'{name}' is not this tenant's alone, and nobody called '{subject}' is logged in here by it: whether " +
                "there is such a user is not told, and the groups are those of the question")
            : Found.Refused("such a subject cannot have a session");
    }

    /// <summary>Somebody who shows a token or a document: only that says who it is.</summary>
    private Found Token(TenantConfiguration tenant, AccessQuestion question, string subject, IReadOnlyList<string> names,
        IReadOnlyList<string> asked)
    {
        switch (names)
        {
            case [] when !TokenFields.IsPasswordUser(subject):
                return Found.Refused(
                    $"nobody logs in as '{subject}' with a password, such a user name means a token: such a login is refused");
            case []:
                return Found.Refused($"nobody is called '{subject}' in {Listed(asked)}: such a login is refused");
            case [var name]:
                var identity = Asked(name, subject, question);
                return !identity.HasUsableSubject || !identity.IsBounded ? Found.Refused("such a subject cannot have a session")
                    : _authenticators.Find(tenant, name) is ITokenAuthenticator authenticator && !authenticator.Allows(identity)
                        ? Found.Refused($"'{name}' lets nobody in with the claims of the question")
                        : Found.Of(identity,
                            $"what '{name}' proves of a subject is known when it logs in: the groups and claims are those of the question");
            default:
                return Found.Of(
                    Asked("", subject, question),
                    $"which authenticator proves the subject is not said: {Listed(names)} might. Rules that name one are left out; ask " +
                    $"with authenticator=");
        }
    }

    private static VerifiedIdentity Asked(string authenticator, string subject, AccessQuestion question) =>
        new(authenticator, subject, question.Groups, question.Claims, "");

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'").DefaultIfEmpty("none"));

    /// <summary>Whom a question is about, as far as that is known.</summary>
    /// <param name="Identity">Who; <c>null</c> for anybody, or nobody.</param>
    /// <param name="Lacks">What is not known.</param>
    /// <param name="Refusal">Why there is no such login.</param>
    private sealed record Found(VerifiedIdentity? Identity, string? Lacks, string? Refusal)
    {
        public static Found Of(VerifiedIdentity? identity, string? lacks) => new(identity, lacks, null);

        public static Found Refused(string refusal) => new(null, null, refusal);
    }
}
