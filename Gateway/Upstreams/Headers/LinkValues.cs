namespace RegistryProxy.Gateway.Upstreams.Headers;

/// <summary>The links of one header <c>Link</c>, by the steps of RFC 8288, appendix B.2 and B.3.</summary>
internal ref struct LinkValues(ReadOnlySpan<char> text)
{
    private const string Space = " \t";

    private ReadOnlySpan<char> _rest = text;

    /// <summary>Where the link leads; empty when that cannot be read.</summary>
    public ReadOnlySpan<char> Target { get; private set; }

    private ReadOnlySpan<char> _relations;

    /// <summary>Goes on to the next link; <c>false</c> at the end.</summary>
    public bool MoveNext()
    {
        _rest = _rest.TrimStart(" \t,");
        if (_rest.IsEmpty)
        {
            return false;
        }

        // Some registries leave out the brackets.
        var isBracketed = _rest[0] == '<';
        _rest = isBracketed ? _rest[1..] : _rest;
        var end = _rest.IndexOf(isBracketed ? '>' : ';');
        Target = end < 0 ? [] : _rest[..end].Trim(Space);
        _rest = end < 0 ? _rest : _rest[(isBracketed ? end + 1 : end)..];

        // A bracket that is not closed may hide where it goes on; anything else without one is no link.
        _relations = end < 0 && isBracketed ? "next" : [];
        if (end < 0)
        {
            _rest = [];
        }
        else
        {
            ReadParameters();
        }

        return true;
    }

    /// <summary>Whether its parameter <c>rel</c> names a relation: it holds several, without regard to case (§3.3).</summary>
    public readonly bool IsOf(string relation)
    {
        foreach (var part in _relations.Split(' '))
        {
            if (_relations[part].Trim('\t').Equals(relation, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The first <c>rel</c> counts (§3.3); what stands between parameters and is none is passed over.</summary>
    private void ReadParameters()
    {
        var hasRelations = false;
        while (_rest.IndexOfAny(';', ',') is var at and >= 0 && _rest[at] == ';')
        {
            _rest = _rest[(at + 1)..].TrimStart(Space);
            var name = Take("=;,");
            var value = _rest is ['=', ..] ? ReadValue() : [];
            if (!hasRelations && name.TrimEnd(Space).Equals("rel", StringComparison.OrdinalIgnoreCase))
            {
                hasRelations = true;
                _relations = value;
            }
        }

        Take(",");
    }

    private ReadOnlySpan<char> ReadValue()
    {
        _rest = _rest[1..].TrimStart(Space);
        if (_rest is not ['"', ..])
        {
            return Take(";,").Trim(Space);
        }

        var end = 1;
        while (end < _rest.Length && _rest[end] != '"')
        {
            end += _rest[end] == '\\' ? 2 : 1;
        }

        end = Math.Min(end, _rest.Length);
        var value = _rest[1..end];
        _rest = _rest[Math.Min(end + 1, _rest.Length)..];
        return value;
    }

    private ReadOnlySpan<char> Take(string ends)
    {
        var end = _rest.IndexOfAny(ends);
        var taken = end < 0 ? _rest : _rest[..end];
        _rest = _rest[taken.Length..];
        return taken;
    }
}
