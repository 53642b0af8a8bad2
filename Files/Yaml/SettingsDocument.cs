using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Files.Yaml;

/// <summary>A document that holds a map, which may be read several times.</summary>
public sealed class SettingsDocument
{
    private readonly YamlMappingNode _root;

    internal SettingsDocument(YamlMappingNode root) => _root = root;

    /// <summary>What it says; <c>null</c>, with an error, when <paramref name="read"/> throws.</summary>
    /// <param name="errors">Where its errors are noted.</param>
    /// <param name="read">Reads its map.</param>
    /// <param name="rules">Which keys it may have; <c>null</c> for all that are read.</param>
    public T? Read<T>(ErrorList errors, Func<Section, T> read, KeyRules? rules = null)
        where T : class
    {
        try
        {
            return read(new Section(_root, "", 1, errors, rules));
        }
        catch (Exception fault)
        {
            // A value that no reader expected is an error of the file: it must not end a process that has good settings.
            var (line, field) = errors.LastRead;
            errors.Add(line, field, $"cannot be read: {fault.Message} ({fault.GetType().Name})");
            return null;
        }
    }
}
