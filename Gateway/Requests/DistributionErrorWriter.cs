using Microsoft.AspNetCore.Http.Features;
using System.Text.Encodings.Web;
using System.Text.Json;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway.Requests;

/// <summary>The only place that turns an error into bytes (OCI distribution-spec, "Error codes").</summary>
internal static class DistributionErrorWriter
{
    private const int MaxReason = 200;

    public const string ApiVersionHeader = "Docker-Distribution-Api-Version";
    public const string RequestIdHeader = RequestRules.RequestIdHeader;

    /// <summary>People read these bodies as they are; they are never anything but application/json.</summary>
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>How long the body of an answer is, in bytes.</summary>
    public static long LengthOf(HttpContext context, DistributionError error) => Body(context, error).Length;

    public static async Task Write(HttpContext context, DistributionError error)
    {
        var response = context.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-store";
        response.Headers[RequestIdHeader] = context.TraceIdentifier;
        PushedContent.Confine(response.Headers);
        if (error.Reason is { } reason && HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = Phrase(reason);
        }

        if (error.ContentRange is { } length)
        {
            response.Headers.ContentRange = length;
        }

        if (error.Challenge is { } challenge)
        {
            response.Headers.WWWAuthenticate = challenge;
        }

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

    /// <summary>A reason phrase (RFC 9112 §4): identities are texts of others.</summary>
    private static string Phrase(string text) =>
        string.Create(Math.Min(text.Length, MaxReason), text, static (phrase, from) =>
        {
            for (var i = 0; i < phrase.Length; i++)
            {
                phrase[i] = from[i] is >= ' ' and <= '~' ? from[i] : '?';
            }
        });

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
