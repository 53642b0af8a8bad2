using System.Collections.Concurrent;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Explaining;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// <c>GET /admin/explain?authenticator=&amp;subject=&amp;groups=&amp;claim.X=&amp;repository=&amp;action=</c>: of this tenant. What an
/// authenticator of the operator knows of somebody is told of who is logged in at this tenant, which its administrators see anyway, and of
/// that only what rules of the tenant are about.
/// </summary>
internal sealed class ExplainDesk(
    IConfigurationFeed configuration, AccessInquiry inquiry, AuthenticatorDirectory authenticators, IGrainFactory grains)
{
    /// <summary>Among how many of the newest sessions with a subject's name is looked for one of it.</summary>
    private const int MaxSessions = 100;

    /// <summary>Questions of a tenant that are looked up at once, on one silo.</summary>
    private const int MaxOfTenant = 2;

    private readonly ConcurrentDictionary<string, int> _running = new();

    public async ValueTask<AdministrationReply> Explain(AdministrationCall call, CancellationToken cancellation)
    {
        if (call.Fields() is not { } fields)
        {
            return AdministrationAnswer.Unreadable("the question must be one of this tenant, with each field once");
        }

        if (!AccessQuestionReader.TryRead(fields, out var question, out var problem))
        {
            return AdministrationAnswer.Unreadable(problem);
        }

        if (_running.AddOrUpdate(call.Tenant, 1, (_, running) => running + 1) > MaxOfTenant)
        {
            Leave(call.Tenant);
            return AdministrationAnswer.Error(429, $"{MaxOfTenant} questions of this tenant are being answered; ask again when they are");
        }

        try
        {
            var current = configuration.Current.Configuration;
            return await inquiry.Query(
                    current, question with { Tenant = call.Tenant }, cancellation,
                    (authenticator, subject) => MayLook(call, current, authenticator, subject)) is { } answer
                ? AdministrationAnswer.Good(Told(current.Tenants[call.Tenant], answer), AdministrationJson.Default.AccessAnswer)
                : AdministrationAnswer.Error(404, "this tenant is not there any more");
        }
        finally
        {
            Leave(call.Tenant);
        }
    }

    /// <summary>Whom a directory of the operator knows, and in which groups, is nothing to a tenant where they are not.</summary>
    private async ValueTask<bool> MayLook(
        AdministrationCall call, FrontDoorConfiguration current, string authenticator, string subject)
    {
        if (call.By.IsOperator || (current.Tenants.TryGetValue(call.Tenant, out var tenant) && authenticators.IsOwn(tenant, authenticator)))
        {
            return true;
        }

        var named = await grains.GetGrain<ITenantSessionsGrain>(call.Tenant).Find(subject, 0, MaxSessions, CancellationToken.None);
        return named.Sessions.Any(session => session.Authenticator == authenticator && session.Subject == subject);
    }

    private void Leave(string tenant)
    {
        if (_running.AddOrUpdate(tenant, 0, (_, running) => running - 1) == 0)
        {
            _running.TryRemove(KeyValuePair.Create(tenant, 0));
        }
    }

    /// <summary>Who is in which group of another tenant is nothing to this one.</summary>
    private AccessAnswer Told(TenantConfiguration tenant, AccessAnswer answer) =>
        answer.Authenticator is not { } name || authenticators.IsOwn(tenant, name) ? answer
            : answer with
            {
                Groups = answer.Groups?.Where(group => tenant.Access.SelectMany(rule => rule.Who).Any(subject =>
                    subject.Kind == AccessSubjectKind.Group && (subject.Authenticator ?? name) == name
                    && Glob.Matches(subject.Glob, group))).ToList(),
            };
}
