using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway.Pages;

/// <summary>Reads what the page sends, and writes what it gets.</summary>
internal static class PageReplies
{
    /// <summary>The longest body that the page sends for itself, in bytes.</summary>
    public const int MaxBody = 16 * 1024;

    private static readonly DistributionError Malformed =
        DistributionError.Unsupported("the body must be JSON as the page sends it", StatusCodes.Status400BadRequest);

    /// <summary>What was sent; the error otherwise.</summary>
    public static async ValueTask<(T? Value, DistributionError? Error)> Read<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return await WholeBodies.Read(context, MaxBody, body => JsonSerializer.Deserialize(body, type)) is { } value
                ? (value, null) : (null, Malformed);
        }
        catch (UnreadableBodyException fault)
        {
            return (null, BodyFaults.Tell(context, fault));
        }
        catch (JsonException)
        {
            return (null, Malformed);
        }
    }

    /// <summary>Answers.</summary>
    public static async Task<DistributionError?> Json<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await context.Response.WriteAsJsonAsync(value, type, cancellationToken: context.RequestAborted);
        return null;
    }
}
