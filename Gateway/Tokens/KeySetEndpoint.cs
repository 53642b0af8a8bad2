using System.Text.Json;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Tokens;

/// <summary><c>/.well-known/jwks.json</c>: the public keys of access tokens (RFC 7517).</summary>
internal static class KeySetEndpoint
{
    public static async Task<DistributionError?> Handle(HttpContext context, FrontDoorMap map)
    {
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "public, max-age=60";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteStartArray("keys");
        foreach (var key in map.Snapshot.Keys)
        {
            json.WriteStartObject();
            json.WriteString("kty", "EC");
            json.WriteString("crv", "P-256");
            json.WriteString("use", "sig");
            json.WriteString("alg", "ES256");
            json.WriteString("kid", key.Id);
            json.WriteString("x", key.X);
            json.WriteString("y", key.Y);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        return null;
    }
}
