using System.Text;
using System.Text.Json;

namespace RegistryProxy.NodeAgent.Mirror;

/// <summary>Errors as clients of registries read them (distribution, spec/api.md).</summary>
internal static class MirrorError
{
    public static string Json(string message)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartArray("errors");
            json.WriteStartObject();
            json.WriteString("code", "DENIED");
            json.WriteString("message", message);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
