using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Wire;

/// <summary>One value of each type that is stored or sent, every member of it set; the same in every run.</summary>
internal static class WireSample
{
    private const BindingFlags Members = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>
    /// The name of each member is one object for as long as the process runs, because a text that was written before is written as a
    /// reference to it, and reflection may make names anew after a collection.
    /// </summary>
    private static readonly ConcurrentDictionary<(Type, string), string> Names = new();

    /// <summary>A value of a type.</summary>
    /// <param name="type">What is stored or sent.</param>
    /// <param name="member">The member that it is for; texts say it.</param>
    public static object Of(Type type, string member = "text") =>
        Nullable.GetUnderlyingType(type) is { } inner ? Of(inner, member) : type switch
    {
        _ when type == typeof(string) => member,
        _ when type == typeof(bool) => true,
        _ when type == typeof(int) => 3,
        _ when type == typeof(long) => 5L,
        _ when type == typeof(double) => 0.5,
        _ when type == typeof(byte) => (byte)7,
        _ when type == typeof(DateTimeOffset) => new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        _ when type == typeof(TimeSpan) => TimeSpan.FromSeconds(7),
        _ when type == typeof(Guid) => new Guid("00010203-0405-0607-0809-0a0b0c0d0e0f"),
        _ when type == typeof(Uri) => new Uri("https://registry.example:8443/a?b=c"),
        _ when type == typeof(Secret) => new Secret(member),
        _ when type == typeof(RepositoryPattern) => RepositoryPattern.Parse("team/**"),
        _ when type == typeof(Scope) => Scope.Of(RepositoryName.Parse("team/app"), RepositoryActions.Pull),
        _ when type == typeof(RepositoryActions) => RepositoryActions.Pull | RepositoryActions.Push,
        // The last one when it was written first: values are added behind it.
        _ when type == typeof(ProcessTroubleKind) => ProcessTroubleKind.Authenticator,
        _ when type.IsEnum => Enum.GetValues(type).Cast<object>().Last(),
        _ when typeof(Exception).IsAssignableFrom(type) => Activator.CreateInstance(type, "message")!,
        _ when IsCollection(type) => Collection(type, member),
        _ when MembersOf(type).Any() => Filled(type),
        _ => throw new InvalidOperationException($"no sample of {type} for {member}; add one to {nameof(WireSample)}"),
    };

    /// <summary>What a value says, one line for each member that is not what a new one has.</summary>
    public static IEnumerable<string> Say(object? value, string path = "") => value switch
    {
        null or "" or false or 0 or 0L or 0.0 => [],
        Guid id when id == Guid.Empty => [],
        Exception fault => [$"{path}={fault.Message}"],
        Secret secret => [$"{path}={secret.Reveal()}"],
        string or Uri or RepositoryPattern or Scope => [$"{path}={value}"],
        IDictionary map => map.Keys.Cast<object>().SelectMany(key => Say(map[key], $"{path}[{key}]")),
        IEnumerable list => list.Cast<object>().SelectMany((item, index) => Say(item, $"{path}[{index}]")),
        _ when MembersOf(value.GetType()).Any() =>
            MembersOf(value.GetType()).SelectMany(member => Say(member.GetValue(value), $"{path}.{member.Name}")),
        _ => [string.Create(CultureInfo.InvariantCulture, $"{path}={value}")],
    };

    private static IEnumerable<PropertyInfo> MembersOf(Type type) =>
        type.GetProperties(Members).Where(property => property.GetCustomAttribute<IdAttribute>() is not null)
            .OrderBy(property => property.GetCustomAttribute<IdAttribute>()!.Id);

    private static object Filled(Type type)
    {
        var value = RuntimeHelpers.GetUninitializedObject(type);
        foreach (var member in MembersOf(type))
        {
            member.SetValue(value, Of(member.PropertyType, Names.GetOrAdd((member.DeclaringType!, member.Name), static key => key.Item2)));
        }

        return value;
    }

    private static bool IsCollection(Type type) => type.IsArray || (type.IsGenericType && typeof(IEnumerable).IsAssignableFrom(type));

    /// <summary>With one item; an array where the type leaves it open, a dictionary where it is one.</summary>
    private static object Collection(Type type, string member)
    {
        var inner = type.IsArray ? [type.GetElementType()!] : type.GetGenericArguments();
        if (inner.Length == 2)
        {
            var map = (IDictionary)Activator.CreateInstance(type.IsInterface ? typeof(Dictionary<,>).MakeGenericType(inner) : type)!;
            map.Add(Of(inner[0], "key"), Of(inner[1], member));
            return map;
        }

        var array = Array.CreateInstance(inner[0], 1);
        array.SetValue(Of(inner[0], member), 0);
        return type.IsAssignableFrom(array.GetType()) ? array : Activator.CreateInstance(type, array)!;
    }
}
