using System.Text;
using Microsoft.Extensions.Logging;

namespace RegistryProxy.Background;

/// <summary>Passes on lines that are JSON objects, and makes one of each that is not.</summary>
/// <param name="inner">Where they go.</param>
/// <param name="level">What the log says of lines that say nothing of it.</param>
internal sealed class JsonLines(TextWriter inner, LogLevel level) : TextWriter
{
    /// <summary>Of one line, in characters; a longer one is several.</summary>
    public const int MaxLine = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly StringBuilder _line = new();

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Write(new ReadOnlySpan<char>(in value));

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    public override void WriteLine(string? value) => Write($"{value}\n");

    public override void Write(ReadOnlySpan<char> buffer)
    {
        lock (_gate)
        {
            foreach (var character in buffer)
            {
                if (character != '\n')
                {
                    _line.Append(character);
                }

                if (character == '\n' || _line.Length == MaxLine)
                {
                    Pass();
                }
            }
        }
    }

    public override void Flush() => inner.Flush();

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            Pass();
        }

        base.Dispose(disposing);
    }

    private void Pass()
    {
        var line = _line.ToString().TrimEnd('\r');
        _line.Clear();
        if (line.Length > 0)
        {
            inner.Write((line[0] == '{' ? line : ProcessOutput.Json(level, line)) + "\n");
        }
    }
}
