using System.Diagnostics.CodeAnalysis;

namespace RegistryProxy.Grains.Identity.Robots;

/// <summary>The name of a robot, and the user name that it logs in with.</summary>
internal static class RobotName
{
    /// <summary>What the user name of a robot begins with.</summary>
    public const string Prefix = "robot$";

    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 63;

    /// <summary>The user name of a robot, which is also its subject.</summary>
    public static string UserOf(string name) => Prefix + name;

    /// <summary>The robot that a user name or subject is of.</summary>
    public static bool TryGet(string user, [NotNullWhen(true)] out string? name)
    {
        name = user.StartsWith(Prefix, StringComparison.Ordinal) ? user[Prefix.Length..] : null;
        return name is not null;
    }

    /// <summary>Whether a robot may be called so: letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, a letter or digit first.</summary>
    public static bool IsGood(string name) => name.Length is > 0 and <= MaxLength && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
