using System.Text.Encodings.Web;
using System.Text.Json;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>Parts of a JSON text as they stand there: what is not understood is passed on unchanged, and nothing of it is built.</summary>
internal static class JsonSlices
{
    /// <summary>For texts that are no part of a page: a plus sign stays one.</summary>
    public static JsonWriterOptions Plain { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The value at which the reader is; the reader is behind it then.</summary>
    public static ReadOnlyMemory<byte> Take(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed];
    }

    /// <summary>
    /// The text at which the reader is; <c>null</c> when it is something else, or half of a character, and the reader is behind it then.
    /// </summary>
    public static string? Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return Read(ref reader);
        }

        reader.Skip();
        return null;
    }

    /// <summary>
    /// Goes from one member of an object to the value of the next; the member's name, or <c>null</c> at the end of the object.
    /// </summary>
    public static string? NextMember(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.PropertyName)
        {
            return null;
        }

        var name = Read(ref reader) ?? "";
        reader.Read();
        return name;
    }

    private static string? Read(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
