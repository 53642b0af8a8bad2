using System.Buffers.Text;
using System.Text.Json;

namespace RegistryProxy.Protocol;

/// <summary>
/// A manifest of schema 1 that carries its signatures within itself (docker/distribution, "Image Manifest Version 2, Schema 1"; the pretty
/// form of docker/libtrust). Its digest is that of the text that was signed: the manifest up to where its signatures begin, and an end that
/// the signatures tell.
/// </summary>
public static class SignedManifest
{
    /// <summary>Signatures of one manifest.</summary>
    public const int MaxSignatures = 16;

    /// <summary>Protected header of a signature, in characters.</summary>
    public const int MaxProtected = 4096;

    /// <summary>The end of the text, in characters: a brace and the blanks around it.</summary>
    public const int MaxTail = 64;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 4 };

    /// <summary>
    /// The text that was signed; <c>null</c> unless all signatures tell the same one and the manifest is nothing but that text and them:
    /// whoever reads the whole must read what the digest covers.
    /// </summary>
    /// <param name="manifest">Its bytes, as they are stored.</param>
    public static SignedText? TextOf(ReadOnlySpan<byte> manifest)
    {
        try
        {
            return Read(manifest);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static SignedText? Read(ReadOnlySpan<byte> manifest)
    {
        var reader = new Utf8JsonReader(manifest);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        for (var end = 0; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; end = (int)reader.BytesConsumed)
        {
            if (!reader.ValueTextEquals("signatures"u8))
            {
                reader.Skip();
                continue;
            }

            var begin = (int)reader.TokenStartIndex;
            var text = OfSignatures(ref reader);
            var isLast = text is not null && reader.Read() && reader.TokenType == JsonTokenType.EndObject && !reader.Read();
            return isLast && end > 0 && end <= text!.Length && text.Length <= begin && IsBlank(manifest[end..text.Length]) ? text : null;
        }

        return null;
    }

    private static SignedText? OfSignatures(ref Utf8JsonReader reader)
    {
        SignedText? text = null;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }

        for (var count = 0; reader.Read() && reader.TokenType == JsonTokenType.StartObject; count++)
        {
            if (count == MaxSignatures || OfSignature(ref reader) is not { } told || (text is not null && !text.Equals(told)))
            {
                return null;
            }

            text = told;
        }

        return reader.TokenType == JsonTokenType.EndArray ? text : null;
    }

    private static SignedText? OfSignature(ref Utf8JsonReader reader)
    {
        SignedText? text = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!reader.ValueTextEquals("protected"u8))
            {
                reader.Skip();
                continue;
            }

            reader.Read();
            if (text is not null || reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped
                || Decode(reader.ValueSpan, MaxProtected) is not { } header)
            {
                return null;
            }

            text = OfHeader(header);
            if (text is null)
            {
                return null;
            }
        }

        return text;
    }

    private static SignedText? OfHeader(byte[] header)
    {
        using var document = JsonDocument.Parse(header, Strict);
        return document.RootElement is { ValueKind: JsonValueKind.Object } root
            && root.TryGetProperty("formatLength", out var length) && length.ValueKind == JsonValueKind.Number
            && length.TryGetInt32(out var count) && count >= 0
            && root.TryGetProperty("formatTail", out var tail) && tail.ValueKind == JsonValueKind.String
            && Decode(System.Text.Encoding.UTF8.GetBytes(tail.GetString()!), MaxTail) is { } end
            && end.AsSpan().Trim(" \t\r\n"u8) is [(byte)'}']
                ? new SignedText(count, end)
                : null;
    }

    private static byte[]? Decode(ReadOnlySpan<byte> text, int maxLength) =>
        text.Length <= maxLength && Base64Url.IsValid(text) ? Base64Url.DecodeFromUtf8(text) : null;

    private static bool IsBlank(ReadOnlySpan<byte> bytes) => bytes.IndexOfAnyExcept(" \t\r\n"u8) < 0;
}

/// <summary>A text that was signed.</summary>
/// <param name="Length">How much of the manifest it begins with, in bytes.</param>
/// <param name="Tail">How it ends.</param>
public sealed record SignedText(int Length, byte[] Tail)
{
    /// <inheritdoc/>
    public bool Equals(SignedText? other) => other is not null && other.Length == Length && other.Tail.AsSpan().SequenceEqual(Tail);

    /// <inheritdoc/>
    public override int GetHashCode() => Length;
}
