using System.Text;

namespace RegistryProxy.Tests.Malformed;

/// <summary>Pieces of requests, by chance that can be had again.</summary>
internal sealed class Noise(Random random)
{
    public const string TokenCharacters = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public int Next(int from, int to) => random.Next(from, to);

    public bool Coin() => random.Next(2) == 0;

    public string Pick(params string[] choices) => choices[random.Next(choices.Length)];

    public string Of(string alphabet, int from, int to) =>
        string.Concat(Enumerable.Range(0, random.Next(from, to)).Select(_ => alphabet[random.Next(alphabet.Length)]));

    public string Token(int from = 1, int to = 20) => Of(TokenCharacters, from, to);

    public string Word(int from = 1, int to = 20) => Of("abcdefghijklmnopqrstuvwxyz", from, to);

    public string Hex(int from = 1, int to = 8) => Of("0123456789abcdefABCDEF", from, to);

    public string Digits(int from = 1, int to = 8) => Of("0123456789", from, to);

    /// <summary>Any bytes, as Latin-1.</summary>
    public string Bytes(int from, int to) => string.Concat(Enumerable.Range(0, random.Next(from, to)).Select(_ => (char)random.Next(256)));

    /// <summary>Control characters that end no line.</summary>
    public string Control(int from = 1, int to = 4) => Of("\u0001\u0002\u0007\b\t\u000b\u000c\u000e\u001b\u001f\u007f", from, to);

    /// <summary>Bytes of UTF-8, whole and broken, as Latin-1.</summary>
    public string High(int from = 1, int to = 6) => Coin()
        ? Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(Of("äé中😀\u202e", from, to)))
        : Of("\u0080\u00c0\u00af\u00ff\u00fe\u00ed\u00a0", from, to);

    public string Case(string text) =>
        string.Concat(text.Select(letter => Coin() ? char.ToUpperInvariant(letter) : char.ToLowerInvariant(letter)));

    /// <summary>Puts a piece into a text, anywhere.</summary>
    public string Insert(string text, string piece) => text.Insert(random.Next(text.Length + 1), piece);

    /// <summary>Changes, adds, removes or doubles a few characters.</summary>
    public string Mutate(string text)
    {
        var changed = new StringBuilder(text);
        for (var i = random.Next(1, 4); i > 0 && changed.Length > 1; i--)
        {
            var at = random.Next(changed.Length);
            switch (random.Next(4))
            {
                case 0:
                    changed[at] = (char)(changed[at] ^ (1 << random.Next(8)));
                    break;
                case 1:
                    changed.Insert(at, (char)random.Next(256));
                    break;
                case 2:
                    changed.Remove(at, 1);
                    break;
                default:
                    changed.Insert(at, changed.ToString(at, Math.Min(random.Next(1, 20), changed.Length - at)));
                    break;
            }
        }

        return changed.ToString();
    }
}
