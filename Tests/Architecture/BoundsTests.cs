using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace RegistryProxy.Tests.Architecture;

/// <summary>
/// The table "Bounds" of docs/security.md against the constants of the code. A bound is a number or a time that cannot change and whose
/// name begins with Max, Most or Longest, or ends as below; whoever bounds something gives it such a name.
/// </summary>
public sealed partial class BoundsTests
{
    private static readonly string[] Beginnings = ["Max", "Most", "Longest"];
    private static readonly string[] Ends = ["Capacity", "MaxBytes", "Limit", "AtOnce", "Timeout", "Deadline"];
    private static readonly Type[] Kinds = [typeof(int), typeof(uint), typeof(long), typeof(ulong), typeof(double), typeof(TimeSpan)];

    private const BindingFlags Statics = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly string Page = Path.Combine(
        new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName, "docs", "security.md");

    /// <summary>All of it, whatever is added.</summary>
    private static readonly Assembly[] Product =
    [
        .. Directory.EnumerateFiles(AppContext.BaseDirectory, "RegistryProxy.*.dll").Select(Path.GetFileNameWithoutExtension)
            .Where(name => name != typeof(BoundsTests).Assembly.GetName().Name).Order(StringComparer.Ordinal)
            .Select(name => Assembly.Load(name!)),
    ];

    private static readonly Dictionary<string, double> Units = new()
    {
        [""] = 1, ["KiB"] = 1 << 10, ["MiB"] = 1 << 20, ["GiB"] = 1 << 30, ["ms"] = 0.001, ["s"] = 1, ["min"] = 60,
        ["h"] = 3600, ["d"] = 86_400,
    };

    [Fact]
    public void Every_row_says_what_the_code_does()
    {
        var rows = Rows();
        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            var field = Assert.Single(Fields(), field => NameOf(field) == row.Member);
            Assert.True(ValueOf(field) == ValueOf(row.Bound), $"{row.Member} is {Read(field)}, the page says {row.Bound}");
            Assert.Equal(field.FieldType == typeof(TimeSpan), row.Bound.Split(' ')[^1] is "ms" or "s" or "min" or "h" or "d");
        });
    }

    [Fact]
    public void Every_bound_of_the_code_has_its_row()
    {
        Assert.Contains("RegistryProxy.Clustering.Kubernetes", Product.Select(assembly => assembly.GetName().Name));
        var told = Rows().Select(row => row.Member).ToHashSet();
        Assert.Equal([], Fields().Where(IsBound).Select(NameOf).Except(told));
    }

    private static IEnumerable<FieldInfo> Fields() => Product
        .SelectMany(assembly => assembly.GetTypes())
        .Where(type => type.Namespace?.StartsWith("RegistryProxy", StringComparison.Ordinal) == true && !type.Name.Contains('<'))
        .SelectMany(type => type.GetFields(Statics))
        .Where(field => (field.IsLiteral || field.IsInitOnly) && Kinds.Contains(field.FieldType));

    private static bool IsBound(FieldInfo field) =>
        Beginnings.Any(start => field.Name.StartsWith(start, StringComparison.Ordinal))
            || Ends.Any(end => field.Name.EndsWith(end, StringComparison.Ordinal));

    /// <summary>Of a generic type, without the number of its parameters.</summary>
    private static string NameOf(FieldInfo field) => $"{field.DeclaringType!.Name.Split('`')[0]}.{field.Name}";

    private static double ValueOf(FieldInfo field) => Read(field) is TimeSpan span
        ? span.TotalSeconds
        : Convert.ToDouble(Read(field), CultureInfo.InvariantCulture);

    /// <summary>What is not a constant in a generic type has a value only in one of its forms, and they must not differ.</summary>
    private static object? Read(FieldInfo field) =>
        field.IsLiteral ? field.GetRawConstantValue() : !field.DeclaringType!.ContainsGenericParameters ? field.GetValue(null)
        : field.DeclaringType.MakeGenericType([.. field.DeclaringType.GetGenericArguments().Select(_ => typeof(object))])
            .GetField(field.Name, Statics)!.GetValue(null);

    private static double ValueOf(string bound)
    {
        var parts = bound.Split(' ');
        return double.Parse(parts[0].Replace(",", ""), CultureInfo.InvariantCulture) * Units[parts.Length > 1 ? parts[1] : ""];
    }

    private static List<(string Bound, string Member)> Rows() =>
    [
        .. File.ReadAllLines(Page).SkipWhile(line => line != "## Bounds").Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Select(line => Row().Match(line)).Where(match => match.Success)
            .Select(match => (match.Groups["bound"].Value, match.Groups["member"].Value)),
    ];

    [GeneratedRegex(@"^\| [^|]+ \| (?<bound>[0-9][0-9,.]*( (KiB|MiB|GiB|ms|s|min|h|d))?) \| `(?<member>\w+\.\w+)` \|$")]
    private static partial Regex Row();
}
