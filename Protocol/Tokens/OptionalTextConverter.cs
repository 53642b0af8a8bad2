using System.Text.Json;
using System.Text.Json.Serialization;

namespace RegistryProxy.Protocol;

/// <summary>
/// A text beside a token that token services write in many ways: what is no text says nothing, and the token is good all the same.
/// </summary>
internal sealed class OptionalTextConverter : JsonConverter<string?>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.GetString();
        }

        reader.Skip();
        return null;
    }

    public override void Write(Utf8JsonWriter writer, string? value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}
