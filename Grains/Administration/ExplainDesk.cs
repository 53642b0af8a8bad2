using System.Collections.Concurrent;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Explaining;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// <c>GET /admin/explain?authenticator=&amp;subject=&amp;groups=&amp;claim.X=&amp;repository=&amp;action=</c>: of this tenant. Directories
/// that several tenants share are asked a little at a time, and of what they say of somebody only that is told which rules of the tenant
/// are about.
/// </summary>
internal sealed class ExplainDesk(IConfigurationFeed configuration, AccessInquiry inquiry, AuthenticatorDirectory authenticators)
{
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
            return await inquiry.Query(current, question with { Tenant = call.Tenant }, cancellation) is { } answer
                ? AdministrationAnswer.Good(Told(current.Tenants[call.Tenant], answer), AdministrationJson.Default.AccessAnswer)
                : AdministrationAnswer.Error(404, "this tenant is not there any more");
        }
        finally
        {
            Leave(call.Tenant);
        }
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
