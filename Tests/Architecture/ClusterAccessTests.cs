using RegistryProxy.Gateway.Cluster;

namespace RegistryProxy.Tests.Architecture;

/// <summary>A gateway reaches grains by <c>ClusterClient</c> alone, which knows what may be repeated and what a lost silo means.</summary>
public sealed class ClusterAccessTests
{
    [Fact]
    public void Nobody_else_holds_a_way_to_grains()
    {
        var own = typeof(ClusterContact).Namespace!;
        var others = typeof(ClusterContact).Assembly.GetTypes()
            .Where(type => type.Namespace?.StartsWith(own, StringComparison.Ordinal) == false)
            .Where(type => type.GetConstructors(Everything).SelectMany(made => made.GetParameters())
                .Any(parameter => IsWay(parameter.ParameterType))
                || type.GetFields(Everything).Any(field => IsWay(field.FieldType)))
            .Select(type => type.FullName!);
        Assert.Equal([], others);
    }

    private const System.Reflection.BindingFlags Everything =
        System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Static
        | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic;

    private static bool IsWay(Type type) => typeof(IGrainFactory).IsAssignableFrom(type);
}
