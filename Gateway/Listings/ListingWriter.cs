using System.Text.Json;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams.Headers;

namespace RegistryProxy.Gateway.Listings;

/// <summary>Writes a page of a listing, with the <c>Link</c> to the next one.</summary>
internal static class ListingWriter
{
    /// <param name="context">The request.</param>
    /// <param name="path">Where the next page is.</param>
    /// <param name="page">The page.</param>
    /// <param name="member">What its entries are called.</param>
    /// <param name="name">Of which repository it is; <c>null</c> of none.</param>
    /// <param name="marks">Members that say what it lacks.</param>
    public static async Task Write(
        HttpContext context, string path, PageEntries page, string member, string? name, IReadOnlyList<string> marks)
    {
        if (page.NextQuery is { } next)
        {
            context.Response.Headers.Link = LinkHeader.Next(path, next);
        }

        if (page.Warning is { } warning)
        {
            context.Response.Headers.Warning = warning;
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
        foreach (var entry in page.Entries)
        {
            json.WriteStringValue(entry);
        }

        json.WriteEndArray();
        foreach (var mark in marks)
        {
            json.WriteBoolean(mark, true);
        }

        json.WriteEndObject();
        await json.FlushAsync();
        SentBody.Of(context).Add(json.BytesCommitted);
    }
}
