using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>Which rows of a list are wanted: <c>search sort order offset limit</c>, all of which may be left out.</summary>
/// <param name="Search">A part of a name, whatever its case; empty for all.</param>
/// <param name="Sort">By what.</param>
/// <param name="IsDescending"><c>order=desc</c></param>
/// <param name="Offset">How many rows are left out at the start.</param>
/// <param name="Limit">How many are wanted; 50 when nothing is said, 200 at the most.</param>
internal sealed record ListQuery(string Search, string Sort, bool IsDescending, int Offset, int Limit)
{
    private const int Usual = 50;
    public const int MaxRows = 200;

    /// <summary>Reads the fields; says what is wrong with them otherwise.</summary>
    /// <param name="fields">The query.</param>
    /// <param name="sorts">By what can be sorted; by the first when nothing is said.</param>
    /// <param name="list">What is wanted.</param>
    /// <param name="problem">What is wrong.</param>
    public static bool TryRead(
        IQueryCollection fields, IReadOnlyList<string> sorts, [NotNullWhen(true)] out ListQuery? list,
        [NotNullWhen(false)] out string? problem)
    {
        var (sort, order) = (Text(fields, "sort", sorts[0]), Text(fields, "order", "asc"));
        var (offset, limit) = (0, Usual);
        problem = !sorts.Contains(sort) ? $"'sort' must be one of {string.Join(", ", sorts)}"
            : order is not ("asc" or "desc") ? "'order' must be asc or desc"
            : !TryNumber(fields, "offset", 0, int.MaxValue, ref offset) ? "'offset' must be a number from 0 on"
            : !TryNumber(fields, "limit", 1, MaxRows, ref limit) ? $"'limit' must be a number from 1 to {MaxRows}"
            : null;
        list = problem is null ? new ListQuery(Text(fields, "search", ""), sort, order == "desc", offset, limit) : null;
        return problem is null;
    }

    /// <summary>A number of a query that may be left out; <c>false</c> when it is none, or out of range.</summary>
    public static bool TryNumber(IQueryCollection fields, string name, int least, int most, ref int number) =>
        fields[name].ToString() is not { Length: > 0 } text
            || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= most);

    private static string Text(IQueryCollection fields, string name, string otherwise) =>
        fields[name].ToString() is { Length: > 0 } text ? text : otherwise;
}
