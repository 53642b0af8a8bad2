using System.Globalization;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>Hands on the names of one page of an upstream, and knows whether it holds as many as were asked for.</summary>
/// <param name="target">The page.</param>
/// <param name="take">Takes them.</param>
internal sealed class PageNames(OriginForm target, NameTaker take)
{
    private int _count;
    private string? _last;

    /// <summary>How many names were asked for; 0 where the address of the page does not say it.</summary>
    public int Asked { get; } = QueryParameters.TryParse(target.Query, out var query) && query.TryGetSingle("n", out var size)
        && int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>The first name; <c>null</c> when there is none.</summary>
    public string? First { get; private set; }

    /// <summary>The last name, when there are exactly as many as were asked for; <c>null</c> when not.</summary>
    public string? LastOfFull => _count > 0 && _count == Asked ? _last : null;

    /// <summary>Takes the next name.</summary>
    public void Take(ReadOnlySpan<char> name)
    {
        _count++;
        First ??= name.ToString();
        _last = _count == Asked ? name.ToString() : _last;
        take(name);
    }
}
