using System.Text.Json;
using RegistryProxy.Gateway.Distribution;
using RegistryProxy.Gateway.Upstreams;

namespace RegistryProxy.Gateway.Listings;

/// <summary>Writes a page of a listing, with the <c>Link</c> to the next one.</summary>
internal static class ListingWriter
{
    public static async Task Write(HttpContext context, string path, Page page, string member, IEnumerable<string> all, string? name)
    {
        var (entries, more) = page.Cut(all);
        if (more)
        {
            context.Response.Headers.Link = LinkHeader.Next(path, $"n={page.Size}&last={Uri.EscapeDataString(entries[^1])}");
        }

        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "private, no-store";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        if (name is not null)
        {
            json.WriteString("name", name);
        }

        json.WriteStartArray(member);
        foreach (var entry in entries)
        {
            json.WriteStringValue(entry);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static Task WriteBadPage(HttpContext context) =>
        DistributionErrorWriter.Write(context, Protocol.DistributionError.Unsupported("n must be a number and n and last may be given once", 400));
}
