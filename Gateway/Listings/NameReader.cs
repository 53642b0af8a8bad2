using System.Text;
using System.Text.Json;

namespace RegistryProxy.Gateway.Listings;

/// <summary>Reads the names of a listing out of a body that comes in pieces: <c>{"MEMBER": ["a", …]}</c>. Nothing of the body is kept.</summary>
internal sealed class NameReader(string member, Action<string> add)
{
    /// <summary>The longest name that is handed on, in bytes, with every character escaped: a longer one is no name of the specification.</summary>
    public const int MaxName = 2048;

    private JsonReaderState _state;
    private bool _isMember;
    private bool _isList;

    /// <summary>Reads the next piece; returns how much of it was read, the rest comes again with more.</summary>
    /// <exception cref="JsonException">The body is not a JSON object.</exception>
    public int Read(ReadOnlySpan<byte> piece, bool isFinal)
    {
        var reader = new Utf8JsonReader(piece, isFinal, _state);
        while (reader.Read())
        {
            if (reader.CurrentDepth == 0 && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.EndObject))
            {
                throw new JsonException("a listing is an object");
            }

            if (reader.CurrentDepth == 1)
            {
                Enter(ref reader);
            }
            else if (_isList && reader is { CurrentDepth: 2, TokenType: JsonTokenType.String } && NameOf(ref reader) is { } name)
            {
                add(name);
            }
        }

        _state = reader.CurrentState;
        return (int)reader.BytesConsumed;
    }

    private void Enter(ref Utf8JsonReader reader)
    {
        _isList = _isMember && reader.TokenType == JsonTokenType.StartArray;
        _isMember = reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals(member);
    }

    private static string? NameOf(ref Utf8JsonReader reader)
    {
        if (reader.ValueSpan.Length > MaxName || !Ascii.IsValid(reader.ValueSpan))
        {
            return null;
        }

        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            // An escape that is half of a character.
            return null;
        }
    }
}
