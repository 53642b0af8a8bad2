using RegistryProxy.Configuration;
using RegistryProxy.Grains.Administration;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.Silo.Admin.Replies;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// <c>DELETE /admin/tenants/NAME</c>: drops what the state has under a name that somebody else is to get, the managed part with its
/// history and the robots. A tenant that is in the configuration is dropped with <c>?configured=true</c> alone.
/// </summary>
internal sealed class TenantRemoval(
    ClientAddress addresses, TenantReports reports, IConfigurationFeed configuration, AuditLog audit, TimeProvider time)
{
    /// <summary>The longest name, in characters.</summary>
    private const int MaxName = 256;

    public async Task Remove(HttpContext context)
    {
        var name = context.Request.RouteValues["name"] as string ?? "";
        if (name.Length > MaxName)
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, $"a tenant's name has at most {MaxName} characters");
            return;
        }

        var isConfigured = configuration.Current.Configuration.Tenants.ContainsKey(name);
        if (isConfigured && context.Request.Query["configured"] != "true")
        {
            await AdminReply.Error(context, StatusCodes.Status409Conflict,
                $"the tenant '{name}' is in the configuration, and its managed part and its robots would end: take it out first, or say " +
                "?configured=true");
            return;
        }

        ForgottenTenant forgotten;
        try
        {
            forgotten = await reports.Forget(name);
        }
        catch (Exception)
        {
            Write(context, name, "outcome unknown: the cluster or its state storage did not respond; repeat it");
            throw;
        }

        if (forgotten is { Versions: 0, Robots: 0 } && !isConfigured)
        {
            await AdminReply.Error(context, StatusCodes.Status404NotFound, $"the state has nothing under the name '{name}'");
            return;
        }

        Write(context, name, $"{forgotten.Versions} version(s) of its part, {forgotten.Robots} robot(s)");
        await AdminReply.Json(
            context, new TenantRemovalReply(name, forgotten.Versions, forgotten.Robots), AdminJson.Default.TenantRemovalReply);
    }

    private void Write(HttpContext context, string tenant, string reason) => audit.Write(new AuditEvent
    {
        Time = time.GetUtcNow(), Event = "tenant-remove", Tenant = tenant, Client = addresses.Of(context)?.ToString(), Reason = reason,
    });
}

/// <summary>What was dropped.</summary>
internal sealed record TenantRemovalReply(string Tenant, int Versions, int Robots);
