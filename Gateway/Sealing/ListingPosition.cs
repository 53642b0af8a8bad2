using System.Globalization;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Sealing;

/// <summary>Which pages of which upstreams a page of a long listing is taken from.</summary>
/// <param name="Others">The routes that are read from their upstream's first page to its last; <c>null</c> for none.</param>
/// <param name="Parts">The routes of which some pages are read. A route that a part names is none of the others.</param>
internal sealed record ListingPosition(RouteRange? Others, IReadOnlyList<ListingPart> Parts)
{
    private const string Given = "+";

    /// <summary>As it is sealed: a line for each value, of which none has a line break.</summary>
    public string ToText() => string.Join('\n',
        [Optional(Others?.From), Optional(Others?.To), "", .. Parts.Select(part => part.ToText())]);

    /// <summary>Reads what was sealed; <c>null</c> when a version wrote it that this one does not know.</summary>
    public static ListingPosition? Parse(string text)
    {
        var lines = text.Split('\n');
        if (lines.Length % ListingPart.Lines != 3 || lines[2].Length > 0)
        {
            return null;
        }

        List<ListingPart> parts = [];
        foreach (var part in lines.Skip(3).Chunk(ListingPart.Lines))
        {
            if (!OriginForm.TryParse(part[2], out var from)
                || !int.TryParse(part[3], NumberStyles.None, CultureInfo.InvariantCulture, out var pages))
            {
                return null;
            }

            parts.Add(new ListingPart(part[0], part[1], from, pages));
        }

        return new ListingPosition(lines[0].Length == 0 ? null : new RouteRange(lines[0][1..], Optional(lines[1])), parts);

        static string? Optional(string line) => line.Length == 0 ? null : line[1..];
    }

    private static string Optional(string? prefix) => prefix is null ? "" : Given + prefix;
}

/// <summary>Routes by their prefix, in ordinal order.</summary>
/// <param name="From">The first one.</param>
/// <param name="To">The one before which they end; <c>null</c> for the last one of all.</param>
internal sealed record RouteRange(string From, string? To)
{
    /// <summary>All routes.</summary>
    public static RouteRange All { get; } = new("", null);

    /// <summary>Whether a route is one of them.</summary>
    public bool Has(string prefix) =>
        string.CompareOrdinal(prefix, From) >= 0 && (To is null || string.CompareOrdinal(prefix, To) < 0);
}

/// <summary>Consecutive pages of one upstream's listing.</summary>
/// <param name="Prefix">The prefix of the route.</param>
/// <param name="Upstream">Names the upstream: positions of one say nothing, or something else, to another.</param>
/// <param name="From">The first page, as the upstream is asked for it.</param>
/// <param name="Pages">How many they are; 0 for as many as are read for one request.</param>
internal sealed record ListingPart(string Prefix, string Upstream, OriginForm From, int Pages)
{
    /// <summary>Lines of the text of one part.</summary>
    internal const int Lines = 4;

    /// <summary>As it is sealed.</summary>
    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}\n{Upstream}\n{From.Text}\n{Pages}");
}
