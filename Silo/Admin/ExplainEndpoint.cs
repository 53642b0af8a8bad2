using RegistryProxy.Configuration;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Grains.Explaining;
using RegistryProxy.Silo.Admin.Replies;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// <c>GET /admin/explain?tenant=&amp;authenticator=&amp;subject=&amp;groups=&amp;claim.X=&amp;repository=&amp;action=</c>
/// </summary>
internal sealed class ExplainEndpoint(IConfigurationFeed configuration, AccessInquiry inquiry)
{
    public async Task Explain(HttpContext context)
    {
        var fields = context.Request.Query.ToDictionary(field => field.Key, field => field.Value.ToString());
        if (!AccessQuestionReader.TryRead(fields, out var question, out var problem))
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, problem);
        }
        else if (await inquiry.Query(configuration.Current.Configuration, question, context.RequestAborted) is { } answer)
        {
            await AdminReply.Json(context, answer, AdminJson.Default.AccessAnswer);
        }
        else
        {
            var near = Suggestion.For(question.Tenant, configuration.Current.Configuration.Tenants.Keys);
            await AdminReply.Error(context, StatusCodes.Status404NotFound, $"there is no tenant '{question.Tenant}'{near}");
        }
    }
}
