using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;

namespace RegistryProxy.Silo.Admin;

/// <summary><c>GET /admin/explain?tenant=&amp;authenticator=&amp;subject=&amp;groups=&amp;claim.X=&amp;repository=&amp;action=</c></summary>
internal sealed class ExplainEndpoint(IConfigurationFeed configuration)
{
    public Task Explain(HttpContext context)
    {
        var fields = context.Request.Query.ToDictionary(field => field.Key, field => field.Value.ToString());
        if (!AccessQuestionReader.TryRead(fields, out var question, out var problem))
        {
            return AdminReply.Error(context, StatusCodes.Status400BadRequest, problem);
        }

        return AccessExplainer.Explain(configuration.Current.Configuration, question) is { } answer
            ? AdminReply.Json(context, answer, AdminJson.Default.AccessAnswer)
            : AdminReply.Error(context, StatusCodes.Status404NotFound, $"there is no tenant '{question.Tenant}'");
    }
}
