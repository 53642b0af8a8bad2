using RegistryProxy.Configuration;
using RegistryProxy.Grains.Explaining;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// <c>GET /admin/explain?authenticator=&amp;subject=&amp;groups=&amp;claim.X=&amp;repository=&amp;action=</c>: of this tenant.
/// </summary>
internal sealed class ExplainDesk(IConfigurationFeed configuration, AccessInquiry inquiry)
{
    public async ValueTask<AdministrationReply> Explain(AdministrationCall call, CancellationToken cancellation)
    {
        if (call.Fields() is not { } fields)
        {
            return AdministrationAnswer.Unreadable("the question must be one of this tenant, with each field once");
        }

        return !AccessQuestionReader.TryRead(fields, out var question, out var problem) ? AdministrationAnswer.Unreadable(problem)
            : await inquiry.Query(configuration.Current.Configuration, question with { Tenant = call.Tenant }, cancellation) is { } answer
                ? AdministrationAnswer.Good(answer, AdministrationJson.Default.AccessAnswer)
                : AdministrationAnswer.Error(404, "this tenant is not there any more");
    }
}
