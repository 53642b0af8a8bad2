using System.Text;

namespace RegistryProxy.Protocol;

/// <summary>Reads <c>#challenge</c> of RFC 9110 §11.2: schemes, each with parameters that are tokens or quoted strings.</summary>
internal ref struct ChallengeReader(ReadOnlySpan<char> text)
{
    private ReadOnlySpan<char> _rest = text;

    public bool TryReadAll(out IReadOnlyList<Challenge> challenges)
    {
        List<Challenge> found = [];
        challenges = found;
        SkipSeparators();
        while (!_rest.IsEmpty)
        {
            var scheme = ReadToken();
            if (scheme.Length == 0 || !TryReadParameters(out var parameters))
            {
                return false;
            }

            found.Add(new Challenge(scheme, parameters));
        }

        return true;
    }

    private bool TryReadParameters(out Dictionary<string, string> parameters)
    {
        parameters = [];
        while (true)
        {
            SkipSeparators();
            var mark = _rest;
            var name = ReadToken();
            SkipSpaces();
            if (name.Length == 0 || _rest.IsEmpty || _rest[0] != '=')
            {
                _rest = mark;
                return _rest.IsEmpty || name.Length > 0;
            }

            _rest = _rest[1..];
            SkipSpaces();
            if (!TryReadValue(out var value) || !parameters.TryAdd(name.ToLowerInvariant(), value))
            {
                return false;
            }
        }
    }

    private bool TryReadValue(out string value)
    {
        if (_rest.IsEmpty || _rest[0] != '"')
        {
            value = ReadToken();
            return value.Length > 0;
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

    private void SkipSpaces() => _rest = _rest.TrimStart(" \t");

    private void SkipSeparators() => _rest = _rest.TrimStart(" \t,");
}
