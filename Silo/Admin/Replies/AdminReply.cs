using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RegistryProxy.Configuration;

namespace RegistryProxy.Silo.Admin.Replies;

/// <summary>Writes the answers of the admin listener: JSON, errors as <c>{ "error": "…" }</c>.</summary>
internal static class AdminReply
{
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

        await Error(
            context, StatusCodes.Status404NotFound,
            $"there is no tenant '{tenant}'; known: {string.Join(", ", configuration.Current.Configuration.Tenants.Keys)}");
        return true;
    }
}

/// <summary>An error for an operator.</summary>
internal sealed record AdminError(string Error);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(AdminError))]
internal sealed partial class ReplyJson : JsonSerializerContext;
