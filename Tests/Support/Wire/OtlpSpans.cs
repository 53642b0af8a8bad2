using System.Text;

namespace RegistryProxy.Tests.Support.Wire;

/// <summary>Spans of an export by OTLP (opentelemetry/proto/trace/v1/trace.proto): their names and attributes of text.</summary>
internal static class OtlpSpans
{
    public static IEnumerable<(string Name, IReadOnlyDictionary<string, string> Attributes)> Of(byte[] export) =>
        from resource in Fields(export, 1)
        from scope in Fields(resource, 2)
        from span in Fields(scope, 2)
        select (Text(span, 5), (IReadOnlyDictionary<string, string>)Fields(span, 9).ToDictionary(
            attribute => Text(attribute, 1), attribute => Fields(attribute, 2).Select(value => Text(value, 1)).FirstOrDefault("")));

    private static string Text(byte[] message, int number) =>
        Fields(message, number).Select(Encoding.UTF8.GetString).FirstOrDefault("");

    /// <summary>The fields of a message that have a length.</summary>
    private static IEnumerable<byte[]> Fields(byte[] message, int number)
    {
        for (var at = 0; at < message.Length;)
        {
            var tag = Number(message, ref at);
            switch (tag & 7)
            {
                case 0:
                    Number(message, ref at);
                    break;
                case 1:
                    at += 8;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    var length = (int)Number(message, ref at);
                    if ((int)(tag >> 3) == number)
                    {
                        yield return message[at..(at + length)];
                    }

                    at += length;
                    break;
            }
        }
    }

    private static ulong Number(byte[] message, ref int at)
    {
        var (value, shift) = (0UL, 0);
        byte next;
        do
        {
            next = message[at++];
            value |= (ulong)(next & 0x7F) << shift;
            shift += 7;
        }
        while (next >= 0x80);

        return value;
    }
}
