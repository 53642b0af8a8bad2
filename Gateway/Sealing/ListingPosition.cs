using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Sealing;

/// <summary>Which pages of which upstreams a page of a long listing is taken from.</summary>
/// <param name="HasOthers">Whether the routes that no part names are read too, from their first page to their last.</param>
/// <param name="Parts">The routes whose upstream is not read from its first page to its last.</param>
internal sealed record ListingPosition(bool HasOthers, IReadOnlyList<ListingPart> Parts)
{
    /// <summary>As it is sealed: a line for each value, of which none has a line break.</summary>
    public string ToText() => string.Join('\n', [HasOthers ? "all" : "some", .. Parts.SelectMany(LinesOf)]);

    /// <summary>Reads what was sealed; <c>null</c> when a version wrote it that this one does not know.</summary>
    public static ListingPosition? Parse(string text)
    {
        var lines = text.Split('\n');
        if (lines[0] is not ("all" or "some") || lines.Length % 4 != 1)
        {
            return null;
        }

        List<ListingPart> parts = [];
        foreach (var part in lines.Skip(1).Chunk(4))
        {
            OriginForm to = default;
            if (!OriginForm.TryParse(part[2], out var from) || (part[3].Length > 0 && !OriginForm.TryParse(part[3], out to)))
            {
                return null;
            }

            parts.Add(new ListingPart(part[0], part[1], from, part[3].Length > 0 ? to : null));
        }

        return new ListingPosition(lines[0] == "all", parts);
    }

    private static string[] LinesOf(ListingPart part) => [part.Prefix, part.Upstream, part.From.Text, part.To?.Text ?? ""];
}

/// <summary>Consecutive pages of one upstream's listing.</summary>
/// <param name="Prefix">The prefix of the route.</param>
/// <param name="Upstream">Names the upstream: positions of one say nothing, or something else, to another.</param>
/// <param name="From">The first page, as the upstream is asked for it.</param>
/// <param name="To">The page before which they end; <c>null</c> when that is not known yet, or there is none.</param>
internal sealed record ListingPart(string Prefix, string Upstream, OriginForm From, OriginForm? To);
