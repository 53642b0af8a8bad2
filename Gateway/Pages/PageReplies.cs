using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
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
            return await WholeBodies.Read(
                context, MaxBody, (body, cancellation) => JsonSerializer.DeserializeAsync(body, type, cancellation)) is { } value
                    ? (value, null) : (null, Malformed);
        }
        catch (BadHttpRequestException fault) when (fault.StatusCode == StatusCodes.Status408RequestTimeout)
        {
            RequestRules.EndConnection(context);
            return (null, DistributionError.Unsupported(fault.Message, fault.StatusCode));
        }
        catch (JsonException)
        {
            return (null, Malformed);
        }
        catch (Exception fault) when (fault is BadHttpRequestException or IOException)
        {
            RequestRules.EndConnection(context);
            return (null, DistributionError.SizeInvalid(
                $"the body could not be read, or is larger than {MaxBody >> 10} KiB", StatusCodes.Status413PayloadTooLarge));
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
