using System.Text.Json;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>The error of a front door: distribution JSON, with an OAuth2 code where there is one.</summary>
internal static class RegistryError
{
    private const string NoReason = "it gave no reason";

    /// <summary>The words of an error; whether a front door said them, rather than something before it.</summary>
    public static (string Message, string? Code, bool IsOfFrontDoor) Read(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            var message = root.TryGetProperty("errors", out var errors) && errors.GetArrayLength() > 0
                && errors[0].TryGetProperty("message", out var text)
                ? text.GetString()
                : null;
            var code = root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String ? error.GetString() : null;
            return (message ?? NoReason, code, message is not null || code is not null);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return (NoReason, null, false);
        }
    }
}
