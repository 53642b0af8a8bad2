using System.Diagnostics.CodeAnalysis;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Grains.Access;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Explaining;

/// <summary>From the fields of a query to a question: <c>tenant authenticator subject groups claim.X repository action</c>.</summary>
public static class AccessQuestionReader
{
    private const string ClaimPrefix = "claim.";

    private static readonly string[] Actions = ["pull", "push", "delete", "catalog"];

    private static readonly string[] Known = ["tenant", "authenticator", "subject", "groups", "repository", "action"];

    /// <summary>Reads the fields; says what is wrong with them otherwise.</summary>
    public static bool TryRead(
        IReadOnlyDictionary<string, string> fields, [NotNullWhen(true)] out AccessQuestion? question,
        [NotNullWhen(false)] out string? problem)
    {
        question = null;
        problem = fields.Keys.FirstOrDefault(
            key => !Known.Contains(key) && !key.StartsWith(ClaimPrefix, StringComparison.Ordinal)) is { } unknown
            ? $"'{unknown}' is not known{Suggestion.For(unknown, Known)}; the fields are {string.Join(", ", Known)} and claim.NAME"
            : null;
        var action = RepositoryActionNames.Parse(fields.GetValueOrDefault("action", ""));
        var otherwise = action == RepositoryActions.Catalog ? "any" : "";
        var asked = fields.GetValueOrDefault("repository", otherwise);
        if (!RepositoryName.TryParse(asked, out var repository))
        {
            problem ??= $"repository must be a repository name{WhyNot(asked)}";
        }

        if (action == RepositoryActions.None)
        {
            var given = fields.GetValueOrDefault("action", "");
            problem ??= $"action must be pull, push, delete or catalog{Suggestion.For(given, Actions)}";
        }

        if (problem is not null)
        {
            return false;
        }

        question = new AccessQuestion
        {
            Tenant = fields.GetValueOrDefault("tenant", ""),
            Authenticator = fields.GetValueOrDefault("authenticator"),
            Subject = fields.GetValueOrDefault("subject"),
            Groups = fields.GetValueOrDefault("groups", "").Split(',', StringSplitOptions.RemoveEmptyEntries),
            Claims = fields.Where(field => field.Key.StartsWith(ClaimPrefix, StringComparison.Ordinal))
                .ToDictionary(field => field.Key[ClaimPrefix.Length..], field => field.Value),
            Repository = repository!,
            Action = action,
        };
        return true;
    }

    /// <summary>What people write in its place.</summary>
    private static string WhyNot(string text) => text switch
    {
        "" => "",
        _ when text.Contains('@') || text.LastIndexOf(':') > text.LastIndexOf('/') => ", without a tag or digest",
        _ when text.Any(char.IsAsciiLetterUpper) => ", which has no capital letters",
        _ when text.Contains("//", StringComparison.Ordinal) || text.StartsWith('/') || text.EndsWith('/') =>
            ", with one '/' between its components and none at its ends",
        _ => ": small letters and digits, components separated by '/'",
    };
}
