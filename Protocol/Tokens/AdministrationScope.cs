namespace RegistryProxy.Protocol;

/// <summary>
/// <c>tenant:NAME:administer</c>: the scope of a token that opens the administration of one tenant. It is beside those of repositories and
/// is given on a proof that was just made, never on a refresh token.
/// </summary>
public static class AdministrationScope
{
    public const string Type = "tenant";

    public const string Action = "administer";

    /// <summary>How long a token with it lives at most, and so how old the login behind it may be: 15 minutes.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromMinutes(15);

    /// <summary>The most tenants of one request.</summary>
    private const int MaxCount = 10;

    public static string Of(string tenant) => $"{Type}:{tenant}:{Action}";

    /// <summary>The tenants that scope parameters name, each of which may hold several scopes separated by spaces.</summary>
    public static IReadOnlyList<string> ParseAll(IEnumerable<string> parameters) =>
    [
        .. parameters.SelectMany(parameter => parameter.Split(' '))
            .Where(scope => scope.StartsWith($"{Type}:", StringComparison.Ordinal)
                && scope.EndsWith($":{Action}", StringComparison.Ordinal) && scope.Length > Type.Length + Action.Length + 2)
            .Select(scope => scope[(Type.Length + 1)..^(Action.Length + 1)]).Take(MaxCount),
    ];
}
