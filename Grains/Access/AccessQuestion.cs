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
/// <param name="Rule">The rule that allows it, or the nearest one when denied; <c>null</c> when the tenant has none.</param>
/// <param name="Reason">For people.</param>
/// <param name="Route">The prefix of the route, the upstream and the name there; <c>null</c> when no route leads anywhere.</param>
public sealed record AccessAnswer(bool Allowed, string? Rule, string Reason, string? Route);
