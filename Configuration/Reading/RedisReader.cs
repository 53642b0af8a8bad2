using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading;

/// <summary><c>redis: { connection, password }</c> of <c>cluster</c> and <c>state</c>.</summary>
internal static class RedisReader
{
    public static RedisConfiguration? Read(Field field, bool isNeeded, ReadingContext context)
    {
        if (!field.IsPresent)
        {
            if (isNeeded)
            {
                field.Fail("is required for this provider: { connection: \"127.0.0.1:6379\" }");
            }

            return null;
        }

        if (field.Map() is not { } map)
        {
            return null;
        }

        var redis = new RedisConfiguration(new Secret(map["connection"].RequiredText()), context.Secret(map["password"]));
        map.RefuseOthers();
        return redis;
    }
}
