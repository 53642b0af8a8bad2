using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace RegistryProxy.Tests.Architecture;

/// <summary>The table "Bounds" of docs/security.md against the constants of the code.</summary>
public sealed partial class BoundsTests
{
    private const BindingFlags Statics = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly string Page = Path.Combine(
        new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName, "docs", "security.md");

    private static readonly Assembly[] Product =
    [
        typeof(RegistryProxy.Protocol.Digest).Assembly, typeof(RegistryProxy.Configuration.FrontDoorConfiguration).Assembly,
        typeof(RegistryProxy.Files.BoundedFile).Assembly, typeof(RegistryProxy.Background.BackgroundLoop).Assembly,
        typeof(RegistryProxy.Egress.AddressRules).Assembly, typeof(RegistryProxy.Grains.Interfaces.SessionKey).Assembly,
        Assembly.Load("RegistryProxy.Grains"), Assembly.Load("RegistryProxy.ServiceDefaults"), Assembly.Load("RegistryProxy.Silo"),
        typeof(RegistryProxy.Gateway.GatewayApp).Assembly, typeof(RegistryProxy.NodeAgent.Commands.AgentCommand).Assembly,
    ];

    private static readonly Dictionary<string, double> Units = new()
    {
        [""] = 1, ["KiB"] = 1 << 10, ["MiB"] = 1 << 20, ["GiB"] = 1 << 30, ["ms"] = 0.001, ["s"] = 1, ["min"] = 60, ["h"] = 3600, ["d"] = 86_400,
    };

    [Fact]
    public void Every_row_says_what_the_code_does()
    {
        var rows = Rows();
        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            var field = Assert.Single(Fields(), field => NameOf(field) == row.Member);
            Assert.True(ValueOf(field) == ValueOf(row.Bound), $"{row.Member} is {field.GetValue(null)}, the page says {row.Bound}");
            Assert.Equal(field.FieldType == typeof(TimeSpan), row.Bound.Split(' ')[^1] is "ms" or "s" or "min" or "h" or "d");
        });
    }

    [Fact]
    public void Every_maximum_and_capacity_of_the_code_has_its_row()
    {
        var told = Rows().Select(row => row.Member).ToHashSet();
        var bounds = Fields().Where(field => field.Name.StartsWith("Max", StringComparison.Ordinal) || field.Name.EndsWith("Capacity", StringComparison.Ordinal));
        Assert.Equal([], bounds.Select(NameOf).Except(told));
    }

    private static IEnumerable<FieldInfo> Fields() => Product
        .SelectMany(assembly => assembly.GetTypes())
        .Where(type => type.Namespace?.StartsWith("RegistryProxy", StringComparison.Ordinal) == true && !type.ContainsGenericParameters)
        .SelectMany(type => type.GetFields(Statics))
        .Where(field => (field.IsLiteral || field.IsInitOnly)
            && (field.FieldType == typeof(int) || field.FieldType == typeof(long) || field.FieldType == typeof(TimeSpan)));

    private static string NameOf(FieldInfo field) => $"{field.DeclaringType!.Name}.{field.Name}";

    private static double ValueOf(FieldInfo field) => field.GetValue(null) is TimeSpan span
        ? span.TotalSeconds
        : Convert.ToDouble(field.GetValue(null), CultureInfo.InvariantCulture);

    private static double ValueOf(string bound)
    {
        var parts = bound.Split(' ');
        return double.Parse(parts[0].Replace(",", ""), CultureInfo.InvariantCulture) * Units[parts.Length > 1 ? parts[1] : ""];
    }

    private static List<(string Bound, string Member)> Rows() =>
    [
        .. File.ReadAllLines(Page).SkipWhile(line => line != "## Bounds").Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Select(line => Row().Match(line)).Where(match => match.Success)
            .Select(match => (match.Groups["bound"].Value, match.Groups["member"].Value)),
    ];

    [GeneratedRegex(@"^\| [^|]+ \| (?<bound>[0-9][0-9,.]*( (KiB|MiB|GiB|ms|s|min|h|d))?) \| `(?<member>\w+\.\w+)` \|$")]
    private static partial Regex Row();
}
