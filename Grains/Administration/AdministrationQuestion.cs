using System.Globalization;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// Refuses a request that names another tenant than that of its host, or says something that nobody reads, at every address alike: it was
/// meant otherwise than it would be done.
/// </summary>
internal static class AdministrationQuestion
{
    /// <summary>The error; <c>null</c> for none.</summary>
    public static AdministrationReply? Refuse(AdministrationCall call, string[] path)
    {
        if (call.Fields() is not { } fields)
        {
            return AdministrationAnswer.Unreadable(
                $"the query cannot be read, has a field twice, or names another tenant: here everything is about '{call.Tenant}'");
        }

        if (Known(path) is { } known && fields.Keys.FirstOrDefault(key => key != "tenant" && !known.Contains(key)) is { } unknown)
        {
            return AdministrationAnswer.Unreadable(known is []
                ? "this address takes no query"
                : $"the query has a field that is not known here: this address takes {string.Join(", ", known.Select(key => $"'{key}'"))}" +
                    (unknown.Length <= 32 && unknown.All(char.IsAsciiLetterOrDigit) ? $", not '{unknown}'" : ""));
        }

        return call.Request is { Method: "GET" or "DELETE", Body: not null }
            ? AdministrationAnswer.Unreadable("this request takes no body: the address says what it is about")
            : null;
    }

    /// <summary>A number of a query that may be left out; <c>false</c> when it is none, or out of range.</summary>
    public static bool TryNumber(IReadOnlyDictionary<string, string> fields, string name, int least, int most, ref int number) =>
        !fields.TryGetValue(name, out var text)
            || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= most);

    /// <summary>The fields of a query; <c>null</c> where who answers reads them all.</summary>
    private static string[]? Known(string[] path) => path switch
    {
        ["explain"] => null,
        ["configuration"] => ["check", "version"],
        ["history"] => ["upstream"],
        ["audit"] => AuditFilter.Known,
        ["sessions"] => ["search", "offset", "limit"],
        _ => [],
    };
}
