namespace RegistryProxy.NodeAgent.Installation.Merging.Flags;

/// <summary>
/// Reads an environment file as systemd does (src/basic/env-file.c): comments, quotes, continuations, and the last of two wins.
/// </summary>
internal sealed class EnvironmentText
{
    private readonly string _text;
    private readonly List<Assignment> _found = [];
    private int _at;

    private EnvironmentText(string text) => _text = text;

    public static IReadOnlyList<Assignment> Read(string text)
    {
        var reader = new EnvironmentText(text);
        while (reader._at < text.Length)
        {
            reader.Line();
        }

        return reader._found;
    }

    private void Line()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }

        if (_at == _text.Length)
        {
            return;
        }

        if (_text[_at] is '#' or ';')
        {
            SkipComment();
            return;
        }

        var start = _at;
        while (_at < _text.Length && _text[_at] is not ('=' or '\n' or '\r'))
        {
            _at++;
        }

        if (_at < _text.Length && _text[_at] == '=')
        {
            _at++;
            Value(_text[start..(_at - 1)].Trim());
        }
    }

    private void SkipComment()
    {
        for (; _at < _text.Length && !IsEnd(_at); _at++)
        {
            if (_text[_at] == '\\')
            {
                _at++;
            }
        }
    }

    private void Value(string name)
    {
        var value = new MappedText();
        var first = _at;
        var begun = false;
        for (; _at < _text.Length && !IsEnd(_at); _at++)
        {
            var letter = _text[_at];
            if (!begun && letter is '\'' or '"' && !begun)
            {
                first = value.ToString().Length == 0 ? _at + 1 : first;
                Quoted(value, letter);
            }
            else if (letter == '\\')
            {
                begun = !Escaped(value) || begun;
            }
            else if (begun || !char.IsWhiteSpace(letter))
            {
                begun = true;
                value.Add(letter, _at);
            }
        }

        _found.Add(new Assignment(name, value.Words(), first));
    }

    /// <summary>A quoted part; what follows it may be quoted again.</summary>
    private void Quoted(MappedText value, char quote)
    {
        for (_at++; _at < _text.Length && _text[_at] != quote; _at++)
        {
            if (quote == '"' && _text[_at] == '\\' && _at + 1 < _text.Length)
            {
                _at++;
                if (_text[_at] is '\r' or '\n')
                {
                    SkipPair();
                    continue;
                }
            }

            value.Add(_text[_at], _at);
        }
    }

    /// <summary>Whether the escape was a continuation of the line.</summary>
    private bool Escaped(MappedText value)
    {
        _at++;
        if (_at < _text.Length && !IsEnd(_at))
        {
            value.Add(_text[_at], _at);
            return false;
        }

        SkipPair();
        return true;
    }

    private void SkipPair()
    {
        if (_at + 1 < _text.Length && _text[_at] == '\r' && _text[_at + 1] == '\n')
        {
            _at++;
        }
    }

    private bool IsEnd(int at) => _text[at] is '\n' or '\r';
}
