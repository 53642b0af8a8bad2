using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>
/// Which lines of a tenant's audit log are wanted; an empty value matches every line. Parts are found whatever their case.
/// </summary>
/// <param name="Event">Such as <c>pull</c>.</param>
/// <param name="Decision"><c>allow</c> or <c>deny</c>.</param>
/// <param name="Subject">A part of who did it, or of the administrator who did.</param>
/// <param name="Repository">A part of the repository.</param>
/// <param name="Text">A part of any value.</param>
/// <param name="Limit">How many of the newest.</param>
internal sealed record AuditFilter(string Event, string Decision, string Subject, string Repository, string Text, int Limit)
{
    private const int MaxLines = 2000;

    private static readonly string[] Known = ["tenant", "since", "event", "decision", "subject", "repository", "text", "limit"];

    /// <summary>Reads the fields of a query; says what is wrong with them otherwise.</summary>
    public static bool TryRead(
        IQueryCollection fields, [NotNullWhen(true)] out AuditFilter? filter, [NotNullWhen(false)] out string? problem)
    {
        var limit = MaxLines;
        problem = fields.Keys.FirstOrDefault(key => !Known.Contains(key)) is { } unknown
            ? $"'{unknown}' is not known; the fields are {string.Join(", ", Known)}"
            : fields["decision"].ToString() is not ("" or "allow" or "deny") ? "'decision' must be allow or deny"
            : !ListQuery.TryNumber(fields, "limit", 1, MaxLines, ref limit) ? $"'limit' must be a number from 1 to {MaxLines}"
            : null;
        filter = problem is not null ? null : new AuditFilter(
            fields["event"].ToString(), fields["decision"].ToString(), fields["subject"].ToString(), fields["repository"].ToString(),
            fields["text"].ToString(), limit);
        return problem is null;
    }

    /// <summary>The lines of an answer that are wanted, in their order.</summary>
    public AuditLines Of(string answer)
    {
        var read = JsonSerializer.Deserialize(answer, OperationsJson.Default.AuditLines)!;
        return read with { Lines = [.. read.Lines.Where(IsWanted).TakeLast(Limit)] };
    }

    private bool IsWanted(JsonElement line) => Is(line, "event", Event) && Is(line, "decision", Decision)
        && (Has(line, "subject", Subject) || Has(line, "administrator", Subject)) && Has(line, "repository", Repository)
        && (Text.Length == 0 || line.EnumerateObject().Any(
            member => member.Value.ToString().Contains(Text, StringComparison.OrdinalIgnoreCase)));

    private static bool Is(JsonElement line, string name, string wanted) =>
        wanted.Length == 0 || (line.TryGetProperty(name, out var value) && value.ValueEquals(wanted));

    private static bool Has(JsonElement line, string name, string part) => part.Length == 0
        || (line.TryGetProperty(name, out var value) && value.ToString().Contains(part, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Lines of the audit log of a tenant.</summary>
/// <param name="CompleteSince">After this time none is missing, of the gateways that answered.</param>
/// <param name="Gateways">How many gateways there are.</param>
/// <param name="Silent">How many of them did not answer.</param>
/// <param name="Lines">As they are in the log, the oldest first.</param>
internal sealed record AuditLines(DateTimeOffset CompleteSince, int Gateways, int Silent, IReadOnlyList<JsonElement> Lines)
{
    /// <summary>How many silos have lines of what operators changed.</summary>
    public int Silos { get; init; }

    /// <summary>How many of them did not answer.</summary>
    public int SilentSilos { get; init; }
}
