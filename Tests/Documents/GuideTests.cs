using System.Reflection;

namespace RegistryProxy.Tests.Documents;

/// <summary>
/// Every block of commands in README.md and below docs/ is typed by one test, or stands in one list with the reason why not.
/// </summary>
public sealed class GuideTests
{
    /// <summary>Blocks that no test types: the page, how the block begins, and what it takes.</summary>
    private static readonly (string Page, string Beginning, string Reason)[] NotTyped =
    [
        ("README.md", "dotnet run --project Standalone  ", "starts the built-in configuration and this very test run"),
        ("README.md", "docker pull localhost:5000/alpine", "pulls from public registries"),
        ("README.md", "docker compose up", "deploy/compose/try.sh brings it up, as part of ./test.sh --full"),
        ("docs/operations.md", "docker compose up", "deploy/compose/try.sh brings it up and logs in as demo, as part of ./test.sh --full"),
        ("docs/guides/images.md", "docker buildx create", "needs buildx with a builder for two platforms, and the public base images"),
        ("docs/guides/images.md", "docker build ",
            "builds on the public base images; deploy/compose/try.sh builds Silo and Gateway by the same file on one of its own"),
        ("docs/guides/nodes.md", "kubectl -n team-a run", "needs a cluster with nodes"),
        ("docs/guides/observability.md", "kubectl -n registryproxy port-forward", "needs a cluster"),
        ("docs/guides/upgrade.md", "kubectl apply -f", "needs a cluster with an installed release"),
        ("docs/kubernetes.md", "kubectl apply -f", "needs an API server; KustomizeTests reads both files strictly"),
        ("docs/kubernetes.md", "KUBECONFIG=", "needs an API server"),
        ("docs/nodeagent.md", "# the program", "needs crictl and a node's containerd; the plug-in's line is that of guides/nodes.md"),
        ("docs/nodeagent/install.md", "dotnet publish NodeAgent",
            "compiles to native code, which needs clang, and installs on this machine itself; installing is typed from guides/nodes.md"),
        ("docs/testing.md", "Tests/coverage.sh", "measures the tests, for an hour"),
        ("docs/testing.md", "REGISTRYPROXY_CHAOS_LOGS=", "runs tests, for hours"),
    ];

    public static TheoryData<string> Scripts => DocumentBlock.Places("sh");

    private static readonly ILookup<string, MethodInfo> Typed = typeof(GuideTests).Assembly.GetTypes()
        .SelectMany(type => type.GetMethods())
        .SelectMany(method => method.GetCustomAttributes<TypesAttribute>().SelectMany(types => types.Blocks)
            .Select(block => (block.Place, method)))
        .ToLookup(one => one.Place, one => one.method);

    [Theory]
    [MemberData(nameof(Scripts))]
    public void A_test_types_it_or_the_list_says_why_not(string place)
    {
        var reasons = NotTyped.Where(one => TypesAttribute.Find(one.Page, one.Beginning).Place == place).ToList();
        Assert.True(Typed[place].Count() + reasons.Count == 1,
            $"{place}: typed by {Typed[place].Count()} tests, {reasons.Count} times in the list of what is not typed");
        Assert.All(Typed[place], method => Assert.NotNull(method.GetCustomAttribute<FactAttribute>()));
    }

    /// <summary>No commands hide in blocks of another kind, or behind a prompt that one would have to leave out.</summary>
    [Fact]
    public void Commands_stand_in_blocks_of_sh() => Assert.Empty(DocumentBlock.All
        .Where(block => block.Language is "console" or "bash" or "shell" || block.Text.Split('\n').Any(line =>
            line.StartsWith("$ ", StringComparison.Ordinal)))
        .Select(block => block.Place));
}
