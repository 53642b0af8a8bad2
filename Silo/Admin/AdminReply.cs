using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Robots;

namespace RegistryProxy.Silo.Admin;

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

        return Json(context, new AdminError(message), AdminJson.Default.AdminError);
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

/// <summary>A request to end sessions: of a subject, or one.</summary>
internal sealed record Revocation(string? Tenant, string? Subject, string? Session);

/// <summary>A request to free an instance; without a tenant in every tenant.</summary>
internal sealed record AttestationReset(string? Authenticator, string? Instance, string? Tenant);

/// <summary>How many bindings were forgotten.</summary>
internal sealed record AttestationResetReply(int Reset);

/// <summary>How many sessions were ended.</summary>
/// <param name="Revoked">How many.</param>
/// <param name="Message">Why none was; <c>null</c> otherwise.</param>
internal sealed record RevocationReply(
    int Revoked, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Message = null);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = true)]
[JsonSerializable(typeof(AdminError))]
[JsonSerializable(typeof(Revocation))]
[JsonSerializable(typeof(RevocationReply))]
[JsonSerializable(typeof(AttestationReset))]
[JsonSerializable(typeof(AttestationResetReply))]
[JsonSerializable(typeof(RobotRequest))]
[JsonSerializable(typeof(RobotRotation))]
[JsonSerializable(typeof(RobotTarget))]
[JsonSerializable(typeof(RobotView))]
[JsonSerializable(typeof(RobotView[]))]
[JsonSerializable(typeof(AccessAnswer))]
[JsonSerializable(typeof(IReadOnlyList<SessionSummary>))]
[JsonSerializable(typeof(UpstreamStatus[]))]
[JsonSerializable(typeof(Overview))]
[JsonSerializable(typeof(IReadOnlyList<CacheReport>))]
internal sealed partial class AdminJson : JsonSerializerContext;
