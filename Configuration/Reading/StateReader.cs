using System.Text.RegularExpressions;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary><c>state</c></summary>
internal static partial class StateReader
{
    public static StateConfiguration Read(Field field, ReadingContext context)
    {
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return new StateConfiguration();
        }

        var (provider, keys, discarded) = (Provider(map["provider"]), map["encryptionKeys"], map["discardKeys"]);
        var state = new StateConfiguration
        {
            Provider = provider,
            Folder = Folder(map["file"], provider == StateProvider.File, context),
            Redis = RedisReader.Read(map["redis"], provider == StateProvider.Redis, context),
            EncryptionKeys = [.. keys.Items().Select(item => Key(item, context)).OfType<EncryptionKeyConfiguration>()],
            DiscardKeys = [.. discarded.Items().Select(item => KeyId(item, item.RequiredText()))],
            Volatile = map["volatile"].Flag(false),
        };
        map.RefuseOthers();
        if (provider != StateProvider.Memory && !keys.IsPresent)
        {
            keys.Fail("at least one key is required for this provider: { id: k1, key: { file: PATH } }, 32 bytes (openssl rand -base64 " +
                "32)");
        }

        foreach (var twice in state.EncryptionKeys.GroupBy(key => key.Id).Where(group => group.Count() > 1))
        {
            keys.Fail($"the id '{twice.Key}' is used twice");
        }

        foreach (var used in state.DiscardKeys.Intersect(state.EncryptionKeys.Select(key => key.Id)))
        {
            discarded.Fail(
                $"'{used}' is one of encryptionKeys: what lies under it can be read, and is not given up; remove it here or there");
        }

        return state;
    }

    private static StateProvider Provider(Field field) =>
        field.Choice(StateProvider.Memory, ("memory", StateProvider.Memory), ("file", StateProvider.File), ("redis", StateProvider.Redis));

    private static string Folder(Field field, bool isNeeded, ReadingContext context)
    {
        if (!field.IsPresent)
        {
            if (isNeeded)
            {
                field.Fail("is required for this provider: { path: FOLDER }");
            }

            return "";
        }

        if (field.Map() is not { } map)
        {
            return "";
        }

        var path = context.Absolute(map["path"]);
        map.RefuseOthers();
        return path;
    }

    /// <summary>A key that can be read must be a key. One that cannot is for the silo to complain of: a gateway has none.</summary>
    private static EncryptionKeyConfiguration? Key(Field field, ReadingContext context)
    {
        if (field.Map() is not { } map)
        {
            return null;
        }

        var (id, source) = (map["id"], map["key"]);
        var key = new EncryptionKeyConfiguration(id.RequiredText(), context.RequiredSecret(source));
        map.RefuseOthers();
        if (id.IsPresent)
        {
            KeyId(id, key.Id);
        }

        if (source.IsPresent && Problem(key) is { } problem)
        {
            source.Fail(problem);
        }

        return key;
    }

    private static string KeyId(Field field, string id)
    {
        if (!Id().IsMatch(id))
        {
            field.Fail($"'{id}' must be 1 to 64 letters, digits, dots, dashes and underscores");
        }

        return id;
    }

    private static string? Problem(EncryptionKeyConfiguration key)
    {
        if (key.Key is FileSecret { Path: var path } && !File.Exists(path)
            || key.Key is EnvironmentSecret { Name: var name } && string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)))
        {
            return null;
        }

        try
        {
            key.Read();
            return null;
        }
        catch (SecretUnavailableException fault)
        {
            return fault.Message;
        }
    }

    [GeneratedRegex("^[A-Za-z0-9._-]{1,64}$", RegexOptions.NonBacktracking)]
    private static partial Regex Id();
}
