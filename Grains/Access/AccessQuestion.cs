using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Access;

/// <summary>May somebody do something? As operators ask it.</summary>
public sealed record AccessQuestion
{
    public required string Tenant { get; init; }

    /// <summary><c>null</c> for an anonymous caller.</summary>
    public string? Authenticator { get; init; }

    public string? Subject { get; init; }

    public IReadOnlyList<string> Groups { get; init; } = [];

    public IReadOnlyDictionary<string, string> Claims { get; init; } = new Dictionary<string, string>();

    public required RepositoryName Repository { get; init; }

    public required RepositoryActions Action { get; init; }
}

/// <summary>The answer to an <see cref="AccessQuestion"/>.</summary>
/// <param name="Allowed">Whether it is allowed.</param>
/// <param name="Rule">The rule that allows it, or those that do together, or the nearest one when denied; <c>null</c> when there is
/// none.</param>
/// <param name="Reason">For people.</param>
/// <param name="Route">The prefix of the route, the upstream and the name there; <c>null</c> when no route leads anywhere.</param>
public sealed record AccessAnswer(bool Allowed, string? Rule, string Reason, string? Route)
{
    /// <summary>
    /// What cannot be known here, so that the answer holds for the question as it was asked; <c>null</c> when nothing is lacking.
    /// </summary>
    public string? Lacks { get; init; }

    /// <summary>Who was found: by which authenticator; <c>null</c> for anybody.</summary>
    public string? Authenticator { get; init; }

    /// <summary>The name that rules compare, as the authenticator writes it.</summary>
    public string? Subject { get; init; }

    /// <summary>The groups that rules compare.</summary>
    public IReadOnlyList<string>? Groups { get; init; }
}
