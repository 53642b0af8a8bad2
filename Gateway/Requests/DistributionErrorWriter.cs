using System.Text.Encodings.Web;
using System.Text.Json;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Requests;

/// <summary>The only place that turns an error into bytes (OCI distribution-spec, "Error codes").</summary>
internal static class DistributionErrorWriter
{
    public const string ApiVersionHeader = "Docker-Distribution-Api-Version";
    public const string RequestIdHeader = "X-Request-Id";

    /// <summary>People read these bodies as they are; they are never anything but application/json.</summary>
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a refusal, with the challenge when it is a 401.</summary>
    public static Task Write(HttpContext context, Site site, Refusal refusal)
    {
        if (refusal.Error.Status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = Challenge.Bearer(site.Realm, site.Service, refusal.Scope, refusal.BearerError);
        }

        return Write(context, refusal.Error);
    }

    public static async Task Write(HttpContext context, DistributionError error)
    {
        var response = context.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-store";
        if (error.RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString();
        }

        var body = Body(context, error);
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    private static byte[] Body(HttpContext context, DistributionError error)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Readable))
        {
            json.WriteStartObject();
            json.WriteStartArray("errors");
            json.WriteStartObject();
            json.WriteString("code", error.Code);

            // Refusals must not differ between repositories that exist and those that do not, so only faults carry the id in the text.
            json.WriteString("message", error.Status < 500 ? error.Message : $"{error.Message} (request {context.TraceIdentifier})");
            json.WriteEndObject();
            json.WriteEndArray();
            if (error.OAuthError is { } code)
            {
                json.WriteString("error", code);
            }

            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
