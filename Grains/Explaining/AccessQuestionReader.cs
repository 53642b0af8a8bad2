using System.Diagnostics.CodeAnalysis;
using RegistryProxy.Grains.Access;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Explaining;

/// <summary>From the fields of a query to a question: <c>tenant authenticator subject groups claim.X repository action</c>.</summary>
public static class AccessQuestionReader
{
    private const string ClaimPrefix = "claim.";

    private static readonly string[] Known = ["tenant", "authenticator", "subject", "groups", "repository", "action"];

    /// <summary>Reads the fields; says what is wrong with them otherwise.</summary>
    public static bool TryRead(
        IReadOnlyDictionary<string, string> fields, [NotNullWhen(true)] out AccessQuestion? question,
        [NotNullWhen(false)] out string? problem)
    {
        question = null;
        problem = fields.Keys.FirstOrDefault(
            key => !Known.Contains(key) && !key.StartsWith(ClaimPrefix, StringComparison.Ordinal)) is { } unknown
            ? $"'{unknown}' is not known; the fields are {string.Join(", ", Known)} and claim.NAME"
            : null;
        var action = RepositoryActionNames.Parse(fields.GetValueOrDefault("action", ""));
        var otherwise = action == RepositoryActions.Catalog ? "any" : "";
        if (!RepositoryName.TryParse(fields.GetValueOrDefault("repository", otherwise), out var repository)
            || action == RepositoryActions.None)
        {
            problem ??= "repository must be a repository name, and action pull, push, delete or catalog";
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
}
