namespace RegistryProxy.Tests.Strength;

/// <summary>A state machine of the product, and the unit tests that must notice when it is changed.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sources">Its files, relative to the repository; all of one project.</param>
/// <param name="Tests">The classes of its tests, without the namespace of the test project.</param>
internal sealed record StateMachine(string Name, IReadOnlyList<string> Sources, IReadOnlyList<string> Tests)
{
    /// <summary>Its project: the folder of the repository.</summary>
    public string Project => Sources[0][..Sources[0].IndexOf('/', StringComparison.Ordinal)];

    /// <summary>
    /// Reads the list of them: a line each, <c>NAME: FILE … | CLASS …</c>. Lines that are empty or begin with <c>#</c> say nothing.
    /// </summary>
    public static IEnumerable<StateMachine> Read(string path) => File.ReadLines(path)
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split([':', '|'], StringSplitOptions.TrimEntries))
        .Select(parts => new StateMachine(parts[0], parts[1].Split(' '), parts[2].Split(' ')));
}
