using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RegistryProxy.Protocol;

/// <summary>
/// Seconds as token services write them: a number, whole or not, or one in a text. What is too large or too small is the most or the least
/// that there can be, and what is no number says nothing: the token beside it is good all the same.
/// </summary>
internal sealed class SecondsConverter : JsonConverter<int?>
{
    public override int? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Number:
                return reader.TryGetDouble(out var number) ? Clamped(number) : null;
            case JsonTokenType.String:
                var text = reader.ValueSpan.Length <= 32 && !reader.ValueIsEscaped ? reader.GetString() : null;
                return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) && !double.IsNaN(parsed)
                    ? Clamped(parsed) : null;
            default:
                reader.Skip();
                return null;
        }
    }

    public override void Write(Utf8JsonWriter writer, int? value, JsonSerializerOptions options)
    {
        if (value is { } seconds)
        {
            writer.WriteNumberValue(seconds);
        }
        else
        {
            writer.WriteNullValue();
        }
    }

    private static int Clamped(double seconds) => (int)Math.Clamp(seconds, int.MinValue, int.MaxValue);
}
