using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.CodeGeneration;
using Orleans.Serialization;

namespace RegistryProxy.Tests.Wire;

/// <summary>
/// The bytes of everything that is stored or sent between processes are checked in, one file for each type: a line for each layout that a
/// version ever had, the newest last. All of them are read, and the last is what is written. After a member was added,
/// <c>REGISTRYPROXY_WIRE=write ./test.sh -class "*WireFormatTests"</c> adds the new line.
/// </summary>
public sealed class WireFormatTests
{
    private static readonly string Folder = Path.Combine(
        new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName, "Tests", "Wire", "Layouts");

    private static readonly bool IsWriting = Environment.GetEnvironmentVariable("REGISTRYPROXY_WIRE") == "write";

    private static readonly Serializer Serializer = new ServiceCollection().AddSerializer().BuildServiceProvider()
        .GetRequiredService<Serializer>();

    private static readonly IReadOnlyList<Type> Types =
    [
        .. new[] { "RegistryProxy.Grains.Interfaces", "RegistryProxy.Grains",
            "RegistryProxy.Silo" }.SelectMany(name => Assembly.Load(name).GetTypes())
            .Where(type => type.Namespace?.StartsWith("RegistryProxy", StringComparison.Ordinal) == true
                && type.GetCustomAttribute<GenerateSerializerAttribute>() is not null),
    ];

    [Fact]
    public void What_any_version_wrote_is_read_and_what_is_written_is_known()
    {
        var problems = Types.SelectMany(type => Check(type, Path.Combine(Folder, $"{Alias(type)}.txt"))).ToList();
        Assert.True(problems.Count == 0, string.Join('\n', problems));
        Assert.Equal(
            Types.Select(type => $"{Alias(type)}.txt").Append("calls.txt").Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(Folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
    }

    /// <summary>
    /// A call is its interface, its method and its arguments in their order: none of them changes, new methods are added. The
    /// version of an interface is 0 unless it states another. That of one which silos alone call rises when a method is added, so that
    /// Orleans has a silo that knows the method answer; that of others does not, because gateways of both versions have to find silos of
    /// either.
    /// </summary>
    [Fact]
    public void Calls_are_what_the_other_version_expects()
    {
        var interfaces = Types.Select(type => type.Assembly).Distinct().SelectMany(assembly => assembly.GetTypes())
            .Where(type => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type)
                && type.GetCustomAttribute<AliasAttribute>() is not null).ToList();
        var calls = interfaces.SelectMany(CallsOf).Order(StringComparer.Ordinal).ToList();
        var file = Path.Combine(Folder, "calls.txt");
        var known = File.ReadAllLines(file);
        Assert.Empty(interfaces.Where(type => type.Assembly.GetName().Name == "RegistryProxy.Grains" && !IsRaised(type, known))
            .Select(type => $"{Alias(type)} has other calls than calls.txt says: raise its [Version]"));
        if (IsWriting)
        {
            File.WriteAllLines(file, calls);
            known = [.. calls];
        }

        Assert.Equal(known, calls);
    }

    private static IEnumerable<string> CallsOf(Type type) => type.GetMethods().Select(method =>
            $"{Alias(type)}.{Alias(method)}(" +
            $"{string.Join(", ", method.GetParameters().Select(argument => Name(argument.ParameterType)))}): {Name(method.ReturnType)}")
        .Concat(typeof(IGrainObserver).IsAssignableFrom(type) ? [] : [VersionOf(type)]);

    private static string VersionOf(Type type) =>
        $"{Alias(type)}: version {type.GetCustomAttributesData()
            .FirstOrDefault(attribute => attribute.AttributeType == typeof(VersionAttribute))?.ConstructorArguments[0].Value ?? 0}";

    private static bool IsRaised(Type type, string[] known)
    {
        var before = known.Where(line => line.StartsWith($"{Alias(type)}.", StringComparison.Ordinal)).ToHashSet();
        return before.Count == 0 || before.SetEquals(CallsOf(type).Where(line => line != VersionOf(type)))
            || !known.Contains(VersionOf(type));
    }

    private static IEnumerable<string> Check(Type type, string file)
    {
        var sample = WireSample.Of(type);
        var said = WireSample.Say(sample, Alias(type)).ToHashSet();
        var written = $"{said.Count} {Convert.ToBase64String(Serializer.SerializeToArray(sample))}";
        var lines = File.Exists(file) ? File.ReadAllLines(file) : [];
        if (lines.LastOrDefault() != written && IsWriting)
        {
            lines = [.. lines, written];
            Directory.CreateDirectory(Folder);
            File.WriteAllLines(file, lines);
        }

        return
        [
            .. lines.Select((line, number) => (Problem: Read(type, line, said), Line: number + 1)).Where(read => read.Problem is not null)
                .Select(read =>
                    $"{Alias(type)}: line {read.Line} of its file, which a version before wrote, is not read any more: {read.Problem}"),
            .. lines.LastOrDefault() == written ? Array.Empty<string>() : [
                $"{Alias(type)}: its layout is not that of the last line of {Path.GetFileName(file)}. Members keep their [Id] and their " +
                $"type, and new ones "
                + "get an [Id] of their own; if that is all that changed, REGISTRYPROXY_WIRE=write adds a line (docs/testing.md)"],
        ];
    }

    /// <summary>Why a line is not read as it was written; <c>null</c> when it is.</summary>
    private static string? Read(Type type, string line, HashSet<string> said)
    {
        var parts = line.Split(' ');
        try
        {
            var read = WireSample.Say(Serializer.Deserialize<object>(Convert.FromBase64String(parts[1])), Alias(type)).ToHashSet();
            return read.Except(said).FirstOrDefault() is { } wrong ? $"it says {wrong}"
                : read.Count != int.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture)
                    ? $"of {parts[0]} members {read.Count} are left"
                : null;
        }
        catch (Exception fault)
        {
            return $"{fault.GetType().Name}: {fault.Message}";
        }
    }

    private static string Alias(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>(inherit: false)!.Alias;

    private static string Name(Type type) => Nullable.GetUnderlyingType(type) is { } inner ? $"{Name(inner)}?"
        : type.IsGenericType ? $"{type.Name[..type.Name.IndexOf('`')]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.GetCustomAttribute<AliasAttribute>(inherit: false)?.Alias ?? type.Name;
}
