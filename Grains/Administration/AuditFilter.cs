using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// Which lines of a tenant's audit log are wanted; an empty value matches every line. Parts are found whatever their case.
/// </summary>
/// <param name="Event">Such as <c>pull</c>.</param>
/// <param name="Decision"><c>allow</c> or <c>deny</c>.</param>
/// <param name="Subject">A part of who did it, or of the administrator who did.</param>
/// <param name="Repository">A part of the repository.</param>
/// <param name="Text">A part of any value.</param>
/// <param name="Limit">How many of the newest; <c>null</c> for all that there are.</param>
internal sealed record AuditFilter(string Event, string Decision, string Subject, string Repository, string Text, int? Limit)
{
    /// <summary>The most lines that may be asked for by number.</summary>
    private const int MaxLines = 2000;

    /// <summary>The longest value, in characters: longer than any subject or repository.</summary>
    private const int MaxValue = 512;

    /// <summary>The fields of a query.</summary>
    public static readonly string[] Known = ["since", "event", "decision", "subject", "repository", "text", "limit"];

    private bool IsForAll => (Event + Decision + Subject + Repository + Text).Length == 0;

    /// <summary>Reads the fields of a query; says what is wrong with them otherwise.</summary>
    public static bool TryRead(
        IReadOnlyDictionary<string, string> fields, [NotNullWhen(true)] out AuditFilter? filter, [NotNullWhen(false)] out string? problem)
    {
        var limit = 0;
        problem = Text(fields, "decision") is not ("" or "allow" or "deny") ? "'decision' must be allow or deny"
            : !AdministrationQuestion.TryNumber(fields, "limit", 1, MaxLines, ref limit)
                ? $"'limit' must be a number from 1 to {MaxLines}: how many of the newest lines are wanted"
            : fields.FirstOrDefault(field => field.Value.Length > MaxValue).Key is { } tooLong
                ? $"'{tooLong}' is longer than {MaxValue} characters"
            : null;
        filter = problem is not null ? null : new AuditFilter(
            Text(fields, "event"), Text(fields, "decision"), Text(fields, "subject"), Text(fields, "repository"), Text(fields, "text"),
            limit > 0 ? limit : null);
        return problem is null;

        static string Text(IReadOnlyDictionary<string, string> fields, string name) => fields.GetValueOrDefault(name, "");
    }

    /// <summary>The lines that are wanted, in their order: the newest are looked at first, and no more than it takes.</summary>
    public IReadOnlyList<AuditLineOfTenant> Of(IReadOnlyList<AuditLineOfTenant> lines)
    {
        var wanted = IsForAll ? lines.Reverse() : lines.Reverse().Where(line => IsWanted(line.Json));
        return [.. (Limit is { } limit ? wanted.Take(limit) : wanted).Reverse()];
    }

    private bool IsWanted(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        var line = document.RootElement;
        return Is(line, "event", Event) && Is(line, "decision", Decision)
            && (Has(line, "subject", Subject) || Has(line, "administrator", Subject)) && Has(line, "repository", Repository)
            && (Text.Length == 0 || line.EnumerateObject().Any(
                member => member.Value.ToString().Contains(Text, StringComparison.OrdinalIgnoreCase)));
    }

    private static bool Is(JsonElement line, string name, string wanted) =>
        wanted.Length == 0 || (line.TryGetProperty(name, out var value) && value.ToString() == wanted);

    private static bool Has(JsonElement line, string name, string part) => part.Length == 0
        || (line.TryGetProperty(name, out var value) && value.ToString().Contains(part, StringComparison.OrdinalIgnoreCase));
}
