using System.Buffers;
using System.Text.Json;

namespace RegistryProxy.ServiceDefaults.Audit;

/// <summary>
/// Writes an event as one line of JSON. Control characters are escaped and texts are bounded, so no event can look like two.
/// </summary>
internal static class AuditLine
{
    private const int MaxText = 512;

    /// <param name="json">Used for one line after the other.</param>
    public static void Write(AuditEvent entry, Utf8JsonWriter json, IBufferWriter<byte> output)
    {
        json.Reset(output);
        json.WriteStartObject();
        json.WriteString("time"u8, entry.Time.UtcDateTime);
        Text(json, "event", entry.Event);
        Text(json, "tenant", entry.Tenant);
        Text(json, "subject", entry.Subject);
        Text(json, "authenticator", entry.Authenticator);
        Text(json, "administrator", entry.Administrator);
        Text(json, "client", entry.Client);
        Text(json, "userAgent", entry.UserAgent);
        Text(json, "action", entry.Action);
        Text(json, "repository", entry.Repository);
        Text(json, "reference", entry.Reference);
        Text(json, "digest", entry.Digest);
        Text(json, "decision", entry.Decision);
        Text(json, "rule", entry.Rule);
        Text(json, "reason", entry.Reason);
        Number(json, "status", entry.Status);
        Number(json, "bytes", entry.Bytes);
        Text(json, "cache", entry.Cache);
        Text(json, "upstream", entry.Upstream);
        Text(json, "requestId", entry.RequestId);
        Number(json, "count", entry.Count);
        json.WriteEndObject();
        json.Flush();
        output.Write("\n"u8);
    }

    private static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value.Length <= MaxText ? value : value.AsSpan(0, MaxText));
        }
    }

    private static void Number(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }
}
