using System.Text;
using System.Text.Json;
using RegistryProxy.Files;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// Reads the names of a listing out of a body that comes in pieces: <c>{"MEMBER": ["a", …]}</c>. Nothing of the body is kept.
/// </summary>
internal sealed class NameReader(string member, NameTaker take)
{
    /// <summary>
    /// The longest name that is handed on, in bytes, with every character escaped: a longer one is no name of the specification.
    /// </summary>
    public const int MaxName = 2048;

    private JsonReaderState _state;
    private bool _isBegun;
    private bool _isMember;
    private bool _isList;
    private bool _hasMember;
    private bool _hasError;

    /// <summary>Whether what was read is an error, and not a list: there are registries that say so under 200.</summary>
    public bool IsError => _hasError && !_hasMember;

    /// <summary>Reads the next piece; returns how much of it was read, the rest comes again with more.</summary>
    /// <exception cref="JsonException">The body is not a JSON object.</exception>
    public int Read(ReadOnlySpan<byte> piece, bool isFinal)
    {
        var mark = _isBegun ? 0 : EncodedBody.MarkOf(piece);
        if (mark is not { } skipped)
        {
            return isFinal ? throw new JsonException("a listing is an object") : 0;
        }

        _isBegun |= piece.Length > 0;
        var reader = new Utf8JsonReader(piece[skipped..], isFinal, _state);
        Span<char> name = stackalloc char[MaxName];
        while (reader.Read())
        {
            if (reader.CurrentDepth == 0 && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.EndObject))
            {
                throw new JsonException("a listing is an object");
            }

            if (reader.CurrentDepth == 1)
            {
                Enter(ref reader, name);
            }
            else if (_isList && reader is { CurrentDepth: 2, TokenType: JsonTokenType.String }
                && Copy(ref reader, name) is var length and > 0)
            {
                take(name[..length]);
            }
        }

        _state = reader.CurrentState;
        return skipped + (int)reader.BytesConsumed;
    }

    private void Enter(ref Utf8JsonReader reader, scoped Span<char> name)
    {
        _isList = _isMember && reader.TokenType == JsonTokenType.StartArray;
        ReadOnlySpan<char> text = reader.TokenType == JsonTokenType.PropertyName ? name[..Copy(ref reader, name)] : [];
        _isMember = text.SequenceEqual(member);
        _hasMember |= _isMember;
        _hasError |= text is "errors" or "error" or "message";
    }

    /// <summary>The length of the name; 0 when the text can be none.</summary>
    private static int Copy(ref Utf8JsonReader reader, scoped Span<char> name)
    {
        if (reader.ValueSpan.Length > MaxName || !Ascii.IsValid(reader.ValueSpan))
        {
            return 0;
        }

        try
        {
            return reader.CopyString(name);
        }
        catch (InvalidOperationException)
        {
            // An escape that is half of a character.
            return 0;
        }
    }
}

/// <summary>Takes a name of a listing, which may be any text.</summary>
internal delegate void NameTaker(ReadOnlySpan<char> name);
