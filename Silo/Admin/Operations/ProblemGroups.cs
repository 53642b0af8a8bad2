namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>What problems have in common that one cause may have: of many the first are told, and the others together.</summary>
/// <param name="Name">What they have in common.</param>
/// <param name="Things">What has them: <c>upstreams</c>.</param>
/// <param name="Link">Where all of them are.</param>
internal sealed record ProblemKind(string Name, string Things, string Link);

/// <summary>Keeps one cause from hiding all others.</summary>
internal static class ProblemGroups
{
    /// <summary>So many of a kind are told one by one.</summary>
    private const int OneByOne = 5;

    /// <summary>Names of those that are told together.</summary>
    private const int Names = 8;

    /// <summary>The same problems, in their order; those of a kind from the fifth on are one.</summary>
    public static IEnumerable<Problem> Of(IReadOnlyList<Problem> all)
    {
        var groups = all.Where(problem => problem.Kind is not null).GroupBy(problem => (problem.Severity, problem.Kind))
            .Where(group => group.Count() > OneByOne).ToDictionary(group => group.Key, group => group.Skip(OneByOne - 1).ToList());
        foreach (var problem in all)
        {
            if (!groups.TryGetValue((problem.Severity, problem.Kind), out var others) || !others.Contains(problem))
            {
                yield return problem;
            }
            else if (ReferenceEquals(others[0], problem))
            {
                yield return Together(others);
            }
        }
    }

    private static Problem Together(List<Problem> others)
    {
        var (first, named) = (others[0], others.Take(Names).Select(problem => problem.Subject[(problem.Subject.IndexOf(' ') + 1)..]));
        var rest = others.Count > Names ? $" and {others.Count - Names} more" : "";
        return first with
        {
            Subject = $"{others.Count} more {first.Kind!.Things}", What = $"The same of {string.Join(", ", named)}{rest}.",
            Since = others.Min(problem => problem.Since), Link = first.Kind.Link,
        };
    }
}
