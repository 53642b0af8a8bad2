using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Tests.Architecture;

/// <summary>One type alone writes the state of grains, so that no change is seen before it is stored.</summary>
public sealed partial class StoredStateTests
{
    private static readonly Assembly Grains = typeof(IExpiringState).Assembly;

    [Fact]
    public void Nobody_else_touches_a_storage()
    {
        var folder = Path.Combine(new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName, "Grains");
        var others = Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file))
            .Where(file => !file.StartsWith("obj") && !file.StartsWith("bin")
                && Storage().IsMatch(File.ReadAllText(Path.Combine(folder, file)))).Order();
        Assert.Equal(["Storage/StateStore.cs", "Storage/Stored.cs"], others);
    }

    [Fact]
    public void Stored_state_cannot_be_set_after_it_was_made_and_says_when_it_ends()
    {
        var states = Grains.GetTypes().Where(type => typeof(IExpiringState).IsAssignableFrom(type) && !type.IsInterface).ToList();
        Assert.True(states.Count >= 9, $"{states.Count}");
        var open = states.SelectMany(type => type.GetProperties()).Where(property => property.SetMethod is { } setter
            && !setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)))
                .Select(property => $"{property.DeclaringType!.Name}.{property.Name}");
        Assert.Equal([], open);
        Assert.Equal(["KeyRing", "RevisionState"],
            states.Where(type => ((IExpiringState)Activator.CreateInstance(type)!).KeepUntil is null).Select(type => type.Name).Order());

        // Whatever is opened as a record of a grain is one of them.
        var stored = Grains.GetTypes().SelectMany(type => type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic))
            .Select(field => field.FieldType).Where(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Stored<>))
            .Select(type => type.GetGenericArguments()[0]).Where(type => !type.IsGenericParameter);
        Assert.All(stored, type => Assert.Contains(type, states));
    }

    [GeneratedRegex(@"\b(IPersistentState|PersistentState|IGrainStorage|ReadStateAsync|WriteStateAsync|ClearStateAsync)\b")]
    private static partial Regex Storage();
}
