using System.Text.Json;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// Reads JSON of others. A document that parses may still hold texts that are none, half a surrogate pair or bytes that are not UTF-8: they
/// count as absent.
/// </summary>
internal static class UpstreamJson
{
    /// <summary>A member of an object; <c>null</c> when it is not there.</summary>
    public static JsonElement? MemberOf(JsonElement element, string name)
    {
        try
        {
            return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A text; <c>null</c> when it is something else, or cannot be read.</summary>
    public static string? TextOf(JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
