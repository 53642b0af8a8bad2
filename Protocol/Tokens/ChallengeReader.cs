using System.Text;

namespace RegistryProxy.Protocol;

/// <summary>Reads <c>#challenge</c> of RFC 9110 §11.2: schemes, each with parameters or a token68.</summary>
internal ref struct ChallengeReader(ReadOnlySpan<char> text)
{
    private const string Spaces = " \t";
    private const string Separators = " \t,";

    private ReadOnlySpan<char> _rest = text;

    /// <summary>What there is up to what cannot be read.</summary>
    public List<Challenge> ReadAll()
    {
        List<Challenge> found = [];
        for (SkipSeparators(); !_rest.IsEmpty; SkipSeparators())
        {
            var scheme = ReadToken();
            SkipSpaces();
            Dictionary<string, string> parameters = [];
            if (scheme.Length == 0 || !(TrySkipToken68() || TryReadParameters(parameters)))
            {
                break;
            }

            found.Add(new Challenge(scheme, parameters));
        }

        return found;
    }

    /// <summary>Skips what schemes such as Negotiate have in place of parameters, which is not followed by a value.</summary>
    private bool TrySkipToken68()
    {
        var end = _rest.IndexOfAny(Separators);
        var run = end < 0 ? _rest : _rest[..end];
        var text = run.TrimEnd('=');
        var next = _rest[run.Length..].TrimStart(Spaces);
        if (text.IsEmpty || text.ContainsAnyExcept(Alphabets.Token68) || next is not ([] or [',', ..]))
        {
            return false;
        }

        _rest = next;
        return true;
    }

    /// <summary>Reads parameters as far as there are some. Of one that is repeated the first counts.</summary>
    private bool TryReadParameters(Dictionary<string, string> parameters)
    {
        while (true)
        {
            SkipSeparators();
            var mark = _rest;
            var name = ReadToken();
            SkipSpaces();
            if (name.Length == 0 || _rest is not ['=', ..])
            {
                _rest = mark;
                return true;
            }

            _rest = _rest[1..];
            SkipSpaces();
            if (!TryReadValue(out var value))
            {
                return false;
            }

            parameters.TryAdd(name.ToLowerInvariant(), value);
        }
    }

    private bool TryReadValue(out string value)
    {
        if (_rest.IsEmpty || _rest[0] != '"')
        {
            // Lenient servers leave the quotes away around anything.
            var end = _rest.IndexOfAny(Separators);
            value = (end < 0 ? _rest : _rest[..end]).ToString();
            _rest = _rest[value.Length..];
            return value.Length > 0 && !value.Contains('"');
        }

        var unquoted = new StringBuilder();
        for (var i = 1; i < _rest.Length; i++)
        {
            if (_rest[i] == '"')
            {
                value = unquoted.ToString();
                _rest = _rest[(i + 1)..];
                return true;
            }

            if (_rest[i] == '\\' && ++i == _rest.Length)
            {
                break;
            }

            unquoted.Append(_rest[i]);
        }

        value = "";
        return false;
    }

    private string ReadToken()
    {
        var end = _rest.IndexOfAnyExcept(Alphabets.HeaderToken);
        var token = end < 0 ? _rest : _rest[..end];
        _rest = _rest[token.Length..];
        return token.ToString();
    }

    private void SkipSpaces() => _rest = _rest.TrimStart(Spaces);

    private void SkipSeparators() => _rest = _rest.TrimStart(Separators);
}
