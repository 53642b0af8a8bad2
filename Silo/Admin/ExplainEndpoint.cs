using RegistryProxy.Configuration;
using RegistryProxy.Grains.Sessions.Access;
using RegistryProxy.Protocol;

namespace RegistryProxy.Silo.Admin;

/// <summary><c>GET /admin/explain?tenant=&amp;authenticator=&amp;subject=&amp;groups=&amp;claim.X=&amp;repository=&amp;action=</c></summary>
internal sealed class ExplainEndpoint(IConfigurationFeed configuration)
{
    private const string ClaimPrefix = "claim.";

    public Task Explain(HttpContext context)
    {
        var query = context.Request.Query;
        var action = RepositoryActionNames.Parse(query["action"].ToString());
        if (!RepositoryName.TryParse(query["repository"].ToString(), out var repository) || action == RepositoryActions.None)
        {
            return AdminReply.Error(context, StatusCodes.Status400BadRequest, "repository must be a repository name, and action pull, push, delete or catalog");
        }

        var answer = AccessExplainer.Explain(configuration.Current.Configuration, new AccessQuestion
        {
            Tenant = query["tenant"].ToString(),
            Authenticator = query["authenticator"],
            Subject = query["subject"],
            Groups = query["groups"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries),
            Claims = query.Where(item => item.Key.StartsWith(ClaimPrefix, StringComparison.Ordinal))
                .ToDictionary(item => item.Key[ClaimPrefix.Length..], item => item.Value.ToString()),
            Repository = repository,
            Action = action,
        });
        return answer is null
            ? AdminReply.Error(context, StatusCodes.Status404NotFound, $"there is no tenant '{query["tenant"]}'")
            : AdminReply.Json(context, answer, AdminJson.Default.AccessAnswer);
    }
}
