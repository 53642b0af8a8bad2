namespace RegistryProxy.Grains.Managed;

/// <summary>Which versions of a part are kept: the newest whatever it weighs, and of those before it as many as have room.</summary>
internal static class ManagedHistory
{
    /// <summary>The most versions.</summary>
    public const int MaxVersions = 50;

    /// <summary>The most that the former ones have together, in characters of their texts.</summary>
    public const int MaxCharacters = 2 * 1024 * 1024;

    /// <summary>The newest; <c>null</c> for none.</summary>
    public static ManagedVersion? Newest(IReadOnlyList<ManagedVersion> versions) => versions is [var newest, ..] ? newest : null;

    /// <summary>The versions with a new one.</summary>
    public static IReadOnlyList<ManagedVersion> With(IReadOnlyList<ManagedVersion> versions, ManagedVersion written)
    {
        List<ManagedVersion> kept = [written];
        var room = MaxCharacters;
        foreach (var version in versions.Take(MaxVersions - 1))
        {
            room -= version.Text.Reveal().Length;
            if (room < 0)
            {
                break;
            }

            kept.Add(version);
        }

        return kept;
    }
}
