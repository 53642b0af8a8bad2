using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Silo.Admin;

/// <summary>Reads the JSON that operators send.</summary>
internal static class AdminBody
{
    /// <summary>The longest, in bytes: more than all patterns of a robot take.</summary>
    public const int MaxJson = 64 * 1024;

    /// <summary>How much is read of one that is longer, and dropped, in bytes.</summary>
    public const int MaxSkipped = 32 * 1024 * 1024;

    /// <summary>What was sent; <c>null</c> when it is none of this kind.</summary>
    /// <param name="context">The request.</param>
    /// <param name="type">The kind.</param>
    /// <param name="none">What no body says, whether its length was told or not.</param>
    /// <exception cref="UnreadableBodyException">It is too long, malformed or late.</exception>
    public static async ValueTask<T?> Read<T>(HttpContext context, JsonTypeInfo<T> type, T? none = null)
        where T : class
    {
        try
        {
            return await WholeBodies.Read(
                context, MaxJson, body => body.IsEmpty ? none : JsonSerializer.Deserialize(body, type), MaxSkipped);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
