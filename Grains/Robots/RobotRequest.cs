using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Robots;

/// <summary>A robot that an operator wants.</summary>
public sealed record RobotRequest(
    string? Tenant, string? Name, IReadOnlyList<string?>? Repositories, IReadOnlyList<string?>? Actions, string? Expires)
{
    /// <summary>Without another word it ends after so long.</summary>
    private const string Default = "90d";

    /// <summary>Reads the texts; says what is wrong with them otherwise.</summary>
    public bool TryRead(
        DateTimeOffset now, string createdBy, [NotNullWhen(true)] out RobotOrder? order, [NotNullWhen(false)] out string? problem)
    {
        if (Repositories is { Count: > RobotOrder.MaxRepositories })
        {
            // Before each of them is compared with the rules of who asks.
            (order, problem) = (null, RobotCheck.Repositories);
            return false;
        }

        List<RepositoryPattern> repositories = [];
        var actions = RepositoryActions.None;
        problem = null;
        foreach (var text in Repositories ?? [])
        {
            if (RepositoryPattern.TryParse(text ?? "", out var pattern))
            {
                repositories.Add(pattern);
            }
            else
            {
                problem = $"repositories: '{text}' must be a glob over path components, such as team-a/** or */base";
            }
        }

        foreach (var text in Actions ?? [])
        {
            var action = text == "*" ? RepositoryActions.None : RepositoryActionNames.Parse(text);
            problem = action == RepositoryActions.None ? $"actions: '{text}' must be pull, push, delete or catalog" : problem;
            actions |= action;
        }

        var expires = RobotExpiry.Read(Expires ?? Default, now);
        problem ??= expires is null ? $"expires: '{Expires}' must be a time such as 2027-01-31T00:00:00Z, or a duration such as 90d" : null;
        if (problem is not null)
        {
            order = null;
            return false;
        }

        order = new RobotOrder(Name!, repositories, actions, expires!.Value, createdBy);
        return true;
    }
}

/// <summary>A request for a new secret of a robot.</summary>
public sealed record RobotRotation(string? Tenant, string? Name, string? Expires);

/// <summary>A robot that is meant, where the address does not say which.</summary>
public sealed record RobotTarget(string? Tenant, string? Name);

/// <summary>When a robot ends: a time, or how long it lives.</summary>
public static class RobotExpiry
{
    /// <summary>Reads it; <c>null</c> when it is neither, or absent.</summary>
    public static DateTimeOffset? Read(string? text, DateTimeOffset now) => text is not { Length: > 1 } ? null
        : int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < 100_000 ? text[^1] switch
        {
            's' => now.AddSeconds(number),
            'm' => now.AddMinutes(number),
            'h' => now.AddHours(number),
            'd' => now.AddDays(number),
            _ => null,
        }
        : text.Contains('T') && DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time
        : null;
}
