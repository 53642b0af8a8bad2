using System.Text.Json;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>The error of a front door: distribution JSON, with an OAuth2 code where there is one.</summary>
internal static class RegistryError
{
    public static (string Message, string? Code) Read(byte[] body)
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
            return (message ?? "it gave no reason", code);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return ("it gave no reason", null);
        }
    }
}
