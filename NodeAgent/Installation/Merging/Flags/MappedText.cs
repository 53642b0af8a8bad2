using System.Text;

namespace RegistryProxy.NodeAgent.Installation.Merging.Flags;

/// <summary>A text without its quotes and continuations that knows where each character stood.</summary>
internal sealed class MappedText
{
    private readonly StringBuilder _text = new();
    private readonly List<int> _places = [];

    public void Add(char letter, int place)
    {
        _text.Append(letter);
        _places.Add(place);
    }

    public override string ToString() => _text.ToString();

    /// <summary>Where a character stood.</summary>
    public int PlaceOf(int index) => _places[index];

    /// <summary>The words from a character on, as systemd splits an unquoted <c>$VARIABLE</c>: at white space.</summary>
    public IReadOnlyList<Word> Words(int from = 0)
    {
        List<Word> words = [];
        for (var at = from; at < _text.Length;)
        {
            if (char.IsWhiteSpace(_text[at]))
            {
                at++;
                continue;
            }

            var end = at;
            while (end < _text.Length && !char.IsWhiteSpace(_text[end]))
            {
                end++;
            }

            words.Add(new Word(_text.ToString(at, end - at), _places[at], _places[end - 1] + 1));
            at = end;
        }

        return words;
    }
}
