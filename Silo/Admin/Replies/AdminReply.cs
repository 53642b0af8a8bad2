using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RegistryProxy.Configuration;

namespace RegistryProxy.Silo.Admin.Replies;

/// <summary>Writes the answers of the admin listener: JSON, errors as <c>{ "error": "…" }</c>.</summary>
internal static class AdminReply
{
    /// <summary>Names that are offered in the place of a wrong one.</summary>
    private const int Offered = 5;

    public static Task Json<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(value, type, cancellationToken: context.RequestAborted);
    }

    public static Task Error(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        if (status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"registryproxy admin\"";
        }

        return Json(context, new AdminError(message), ReplyJson.Default.AdminError);
    }

    /// <summary>Whether there is no such tenant, which is answered then.</summary>
    public static async ValueTask<bool> IsUnknown(HttpContext context, IConfigurationFeed configuration, string tenant)
    {
        if (configuration.Current.Configuration.Tenants.ContainsKey(tenant))
        {
            return false;
        }

        var alike = configuration.Current.Configuration.Tenants.Keys
            .Where(known => tenant.Length > 0 && known.Contains(tenant, StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal).Take(Offered).ToList();
        await Error(
            context, StatusCodes.Status404NotFound,
            $"there is no tenant '{tenant}'; " +
            (alike.Count > 0 ? $"such names have: {string.Join(", ", alike)}" : "GET /admin/tenants lists and searches them"));
        return true;
    }
}

/// <summary>An error for an operator.</summary>
internal sealed record AdminError(string Error);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(AdminError))]
internal sealed partial class ReplyJson : JsonSerializerContext;
