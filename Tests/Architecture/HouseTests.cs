using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace RegistryProxy.Tests.Architecture;

/// <summary>The rules of the house that a compiler cannot keep.</summary>
public sealed class HouseTests
{
    private static readonly string Root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;

    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Protocol"] = [],
        ["Files"] = [],
        ["Background"] = [],
        ["Configuration"] = ["Protocol", "Files", "Background"],
        ["Egress"] = ["Protocol", "Files", "Background"],
        ["Grains.Interfaces"] = ["Protocol"],
        ["Grains"] = ["Grains.Interfaces", "Configuration", "Egress"],
        ["ServiceDefaults"] = ["Configuration", "Egress"],
        ["Clustering.Kubernetes"] = ["Files", "Background"],
        ["Silo"] = ["Grains", "ServiceDefaults", "Clustering.Kubernetes"],
        ["Gateway"] = ["Grains.Interfaces", "Egress", "ServiceDefaults", "Clustering.Kubernetes"],
        ["Standalone"] = ["Silo", "Gateway"],
        ["NodeAgent"] = ["Protocol", "Files", "Background"],
        ["Tests"] = ["Standalone", "Silo", "Gateway", "NodeAgent", "Clustering.Kubernetes"],
        ["Benchmarks"] = ["Standalone"],
    };

    private static IEnumerable<string> Sources => Arrows.Keys
        .SelectMany(project => Directory.EnumerateFiles(Path.Combine(Root, project), "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Contains("/obj/") && !file.Contains("/bin/"));

    public static TheoryData<string> Assemblies =>
        [.. Arrows.Keys.Except(["Tests", "Benchmarks"]).Select(project => $"RegistryProxy.{project}")];

    [Fact]
    public void Projects_reference_what_they_may()
    {
        foreach (var (project, allowed) in Arrows)
        {
            var references = XDocument.Load(Path.Combine(Root, project, $"{project}.csproj")).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
            Assert.Equal(allowed.Order(), references.Order());
        }

        Assert.Empty(XDocument.Load(Path.Combine(Root, "Protocol", "Protocol.csproj")).Descendants("PackageReference"));
    }

    [Fact]
    public void The_gateway_knows_nothing_of_the_grains() =>
        Assert.DoesNotContain("RegistryProxy.Grains",
            typeof(RegistryProxy.Gateway.GatewayApp).Assembly.GetReferencedAssemblies().Select(name => name.Name));

    [Fact]
    public void The_agent_of_a_node_knows_no_actors() => Assert.DoesNotContain(
        typeof(RegistryProxy.NodeAgent.Commands.AgentCommand).Assembly.GetReferencedAssemblies(),
        name => name.Name!.StartsWith("Orleans", StringComparison.Ordinal));

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(Root, "RegistryProxy.sln"));
        Assert.All(Arrows.Keys, project => Assert.Contains($"{project}.csproj", solution));
    }

    [Fact]
    public void Files_are_short_and_programs_one_statement()
    {
        foreach (var file in Sources)
        {
            Assert.True(File.ReadLines(file).Count() <= 300, file);
            if (Path.GetFileName(file) == "Program.cs")
            {
                Assert.Single(Regex.Matches(File.ReadAllText(file), @";\s*(\n|$)"));
            }
        }

        var product = Sources.Where(file => !file.Contains("/Tests/")).Select(file => File.ReadLines(file).Count()).Order().ToList();
        Assert.True(product[product.Count / 2] <= 60, $"the median file has {product[product.Count / 2]} lines");
    }

    /// <summary>Who needs more does more than one thing. Records only hold what they are given.</summary>
    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Constructors_take_at_most_seven_parameters(string assembly)
    {
        var many = Assembly.Load(assembly).GetTypes()
            .Where(type => type.GetMethod("<Clone>$") is null && !type.IsDefined(typeof(CompilerGeneratedAttribute), false)
                && type.Namespace?.StartsWith("RegistryProxy.", StringComparison.Ordinal) == true)
            .SelectMany(type => type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(constructor => constructor.GetParameters().Length > 7)
            .Select(constructor => $"{constructor.DeclaringType}: {constructor.GetParameters().Length}");
        Assert.Empty(many);
    }

    /// <summary>A text that cannot be broken may be longer in tests.</summary>
    [Fact]
    public void Lines_are_short()
    {
        foreach (var file in Sources)
        {
            var (isTest, isRaw, number) = (file.Contains("/Tests/") || file.Contains("/Benchmarks/"), false, 0);
            foreach (var line in File.ReadLines(file))
            {
                number++;
                Assert.True(line.Length <= 140 || (isTest && (isRaw || line.Contains('"'))),
                    $"{file}:{number} has {line.Length} characters");
                isRaw ^= Regex.Count(line, "\"\"\"") % 2 == 1;
            }
        }
    }

    [Fact]
    public void Folders_are_named_for_what_they_can_do()
    {
        string[] junk = ["Common", "Helpers", "Helper", "Utils", "Utilities", "Managers", "Services", "Models", "Misc"];
        Assert.All(Sources, file =>
            Assert.DoesNotContain(Path.GetRelativePath(Root, file).Split('/')[..^1], folder => junk.Contains(folder)));
    }

    [Fact]
    public void Nothing_is_left_for_later()
    {
        var words = new Regex(string.Join('|', "TO" + "DO", "FIX" + "ME", "NotImplemented" + "Exception", "HA" + "CK"));
        Assert.All(Sources, file => Assert.False(words.IsMatch(File.ReadAllText(file)), file));
    }
}
